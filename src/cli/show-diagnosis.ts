/** `doctor` on the terminal: a line for each thing tried, as it is found, and what is being tried meanwhile. */
import type { Diagnosis, Finding } from "../model/finding.ts";
import { harmless, type Io, type Paint } from "./io.ts";

const COLOURS = { pass: "green", warn: "yellow", fail: "red" } as const;
const TITLES = { host: "This machine", forge: "Forge", agent: "Agent", runtime: "Runtime" } as const;
/** Clears the line the cursor is in. */
const CLEAR = "\r\u001b[K";

export interface DiagnosisPrinter {
  trying(what: string): void;
  found(finding: Finding): void;
  done(diagnosis: Diagnosis): void;
}

/** What is being tried is written over by what comes next, and only to a terminal. */
export function diagnosisPrinter({ out, err }: Pick<Io, "out" | "err">, paint: Paint): DiagnosisPrinter {
  const live = out.isTTY === true && err.isTTY === true;
  let heading = "";
  const clear = () => {
    if (live) err.write(CLEAR);
  };
  return {
    trying(what) {
      if (live) err.write(`${CLEAR}${paint(`… ${harmless(what)}`, "dim")}`);
    },
    found(finding) {
      clear();
      const next = headingOf(finding);
      if (next !== heading) out.write(`${heading === "" ? "" : "\n"}${paint(next, "bold")}\n`);
      heading = next;
      out.write(showFinding(finding, paint));
    },
    done(diagnosis) {
      clear();
      out.write(`\n${verdict(diagnosis, paint)}\n`);
    },
  };
}

function headingOf({ area, subject }: Finding): string {
  return area === "host" ? TITLES.host : `${TITLES[area]} ${harmless(subject)}`;
}

function showFinding({ area, subject, check, result, detail, fix }: Finding, paint: Paint): string {
  const what = area === "host" ? `${subject}: ${check}` : check;
  const line = `  ${paint(result, COLOURS[result])}  ${harmless(what)}: ${oneLine(detail)}\n`;
  return fix === null || result === "pass"
    ? line
    : `${line}        ${paint("fix:", "green")} ${oneLine(fix)}\n`;
}

function verdict({ ok, passed, warned, failed }: Diagnosis, paint: Paint): string {
  const counts = `${passed} passed, ${warned} ${warned === 1 ? "warning" : "warnings"}, ${failed} failed`;
  return `${ok ? paint("healthy:", "green") : paint("not healthy:", "red")} ${counts}`;
}

function oneLine(text: string): string {
  return harmless(text).replace(/\s*\n\s*/g, " ");
}
