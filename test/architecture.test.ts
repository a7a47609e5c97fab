/** The rules between folders of design and ARCHITECTURE.md, held by the imports themselves. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const src = join(import.meta.dirname, "..", "src");
const files = globSync("**/*.ts", { cwd: src });

const CONTRACTS = [
  "config/config.ts",
  "store/store.ts",
  "forges/forge.ts",
  "agents/agent.ts",
  "runtimes/runtime.ts",
];
const SPINES = ["dispatch", "worker"];
const ROOMS = [
  "config",
  "webhook",
  "command",
  "permission",
  "workspace",
  "prompt",
  "egress",
  "supervisor",
  "outcome",
  "report",
  "catch-up",
  "health",
  "housekeeping",
];
const SEAMS = ["forges", "agents", "runtimes", "store"];
/** What two adapters of a seam agree on. */
const SHARED = ["store/dump.ts", "store/run-columns.ts", "forges/while-ours.ts"];
const GENERATORS = ["cli/generate.ts", "cli/configuration-page.ts"];
const ROOTS = ["main.ts", "index.ts"];
/** Parts of the roots, which alone import them. */
const COMPOSITION = "compose";

const importsOf = (file: string) =>
  [...readFileSync(join(src, file), "utf8").matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)].map(
    (match) => relative(src, join(src, dirname(file), match[1] as string)),
  );

/** A seam's member is its folder below the seam; a file beside the members belongs to the seam itself. */
function homeOf(file: string): string {
  const [top = "", second = "", third] = file.split("/");
  return SEAMS.includes(top) && third !== undefined ? `${top}/${second}` : top;
}

function allowed(file: string, target: string): boolean {
  if (ROOTS.includes(file) || homeOf(file) === COMPOSITION) return true;
  if (target.startsWith("model/") || homeOf(file) === homeOf(target)) return true;
  if (file.startsWith("model/")) return false;
  if (CONTRACTS.includes(target)) return true;
  if (CONTRACTS.includes(file)) return false;
  // A seam's registry is the one place that names its members.
  if (file === "agents/registry.ts") return target.startsWith("agents/");
  if (SHARED.includes(target)) return file.startsWith(`${target.split("/")[0]}/`);
  // What runtimes have in common: output kept in files, and for those with containers how a run goes in.
  const shared = ["runtimes/output", "runtimes/container"].includes(homeOf(target));
  if (shared) return file.startsWith("runtimes/");
  // Not part of the program: writes the reference and the schema from what the configuration says of itself.
  if (GENERATORS.includes(file)) return target.startsWith("config/");
  const top = file.split("/")[0] as string;
  return SPINES.includes(top) && ROOMS.includes(target.split("/")[0] as string);
}

test("model ← contracts ← rooms ← spines ← main: no import goes the other way", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => !allowed(file, target))
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test("a contract imports only the model and other contracts", () => {
  for (const file of CONTRACTS) {
    for (const target of importsOf(file)) {
      assert.ok(target.startsWith("model/") || CONTRACTS.includes(target), `${file} imports ${target}`);
    }
  }
});

test("every folder of src has its place in the architecture", () => {
  const known = new Set([...ROOMS, ...SEAMS, ...SPINES, "model", "cli", "demo", "doctor", COMPOSITION]);
  const tops = new Set(
    files.filter((file) => file.includes("/")).map((file) => file.split("/")[0] as string),
  );
  assert.deepEqual(
    [...tops].filter((top) => !known.has(top)),
    [],
  );
});

test("the environment is read in config, cli and main alone", () => {
  const readers = files.filter(
    (file) =>
      /process\.env/.test(readFileSync(join(src, file), "utf8")) && !/^(config|cli)\/|^main\.ts$/.test(file),
  );
  // The scripted agent is a program of its own, run as an agent is.
  assert.deepEqual(
    readers.filter((file) => file !== "demo/scripted-agent.ts"),
    [],
  );
});

test("no file is longer than 300 lines, and half are under 80", () => {
  const lengths = files.map((file) => ({
    file,
    lines: readFileSync(join(src, file), "utf8").split("\n").length - 1,
  }));
  assert.deepEqual(
    lengths.filter(({ lines }) => lines > 300),
    [],
  );
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  assert.ok(
    (sorted[Math.floor(sorted.length / 2)] ?? 0) < 80,
    `median ${sorted[Math.floor(sorted.length / 2)]}`,
  );
});
