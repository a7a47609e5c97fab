/** `check` on the terminal: forges, runtimes and agents, each with what is missing and how to get it. */
import type { Readiness } from "./commands.ts";
import { harmless, type Paint } from "./io.ts";

interface Row {
  readonly mark: "ready" | "off" | "missing";
  readonly name: string;
  readonly detail: string;
  readonly fix: string | null;
  readonly warning?: string | null;
}

export function showReadiness(readiness: Readiness, paint: Paint): string {
  const { config } = readiness;
  const lines = [
    `configuration  ${config.file ?? "environment only (no agents.yaml)"}`,
    `data           ${config.dataDir}`,
    `store          ${config.store}`,
    `address        ${config.listen}`,
    ...section("Forges", readiness.forges.map(forgeRow), paint),
    ...section("Runtimes", readiness.runtimes.map(runtimeRow), paint),
    ...section("Agents", readiness.agents.map(agentRow), paint),
    "",
    verdict(readiness, paint),
  ];
  return `${lines.join("\n")}\n`;
}

/** Whether the server could do work: a forge to hear from and an agent to run. */
export function isReady({ forges, agents }: Readiness): boolean {
  return forges.some(({ probe }) => probe.ready) && agents.some(({ enabled, ready }) => enabled && ready);
}

function verdict(readiness: Readiness, paint: Paint): string {
  if (isReady(readiness)) return `${paint("ready:", "green")} agent-dispatch start`;
  const lack = readiness.forges.some(({ probe }) => probe.ready) ? "no agent is ready" : "no forge is ready";
  return `${paint("not ready:", "red")} ${lack}`;
}

function section(title: string, rows: readonly Row[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  return ["", paint(title, "bold"), ...rows.flatMap((row) => rowLines(row, width, paint))];
}

function rowLines({ mark, name, detail, fix, warning }: Row, width: number, paint: Paint): readonly string[] {
  const colour = { ready: "green", off: "dim", missing: "red" } as const;
  const shown = paint(mark.padEnd(7), colour[mark]);
  const line = `  ${shown}  ${name.padEnd(width)}  ${harmless(detail)}`.trimEnd();
  const below = " ".repeat(width + 13);
  return [
    line,
    ...(fix && mark === "missing" ? [`${below}${paint("fix:", "green")} ${harmless(fix)}`] : []),
    ...(warning && mark === "ready" ? [`${below}${paint("warning:", "yellow")} ${harmless(warning)}`] : []),
  ];
}

function forgeRow({ name, kind, probe }: Readiness["forges"][number]): Row {
  return {
    mark: probe.ready ? "ready" : "missing",
    name,
    detail: `${kind}, ${probe.summary}`,
    fix: probe.fix,
  };
}

/** A runtime that nobody asked for may be missing: it is told, not counted. */
function runtimeRow({ name, probe }: Readiness["runtimes"][number]): Row {
  return probe.ready
    ? { mark: "ready", name, detail: probe.version ?? "", fix: null }
    : { mark: "missing", name, detail: probe.reason ?? "not there", fix: null };
}

function agentRow({ name, enabled, ready, runtime, detail, fix, warning }: Readiness["agents"][number]): Row {
  if (!enabled) return { mark: "off", name, detail: "switched off in agents.yaml", fix: null };
  const where = runtime ? `${runtime}, ` : "";
  return { mark: ready ? "ready" : "missing", name, detail: `${where}${detail}`, fix, warning };
}
