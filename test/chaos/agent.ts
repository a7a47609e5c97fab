/**
 * The agent of the chaos suite. Its model says what it does and for how long: `commit-800`, `plain-200`, `nothing-100`,
 * `fail-300`, `ask-200`, `leak-100`, `long`. It writes its begin and end into the journal, and looks whether another agent
 * of the same errand is alive: that must never be. Needs /proc.
 */
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Line, processStart, readJournal, unended } from "./journal.ts";

const journal = process.env.CHAOS_JOURNAL ?? "";
const run = process.env.AGENT_DISPATCH_RUN ?? "";
const prompt = readFileSync(0, "utf8");
const errand = /Errand (\d+)/.exec(prompt)?.[1] ?? "unknown";
const [mode = "", ms = "0"] = (process.argv[2] ?? "").split("-");
const self = { run, errand, pid: process.pid, start: processStart(process.pid) ?? "" };

function write(what: Line["what"], more: Partial<Line> = {}): void {
  appendFileSync(journal, `${JSON.stringify({ what, ...self, at: Date.now(), ...more })}\n`);
}

function leave(code: number, byItself = true): never {
  write("end", { byItself });
  process.exit(code);
}

function git(...args: string[]): void {
  execFileSync("git", args, { stdio: ["ignore", "inherit", "inherit"] });
}

/** Whoever asks is told the answer in the prompt of the next attempt. */
const answered = prompt.includes("Answer to your earlier question");

function work(): void {
  const name = `work-${run.replaceAll(/\W/g, "-")}.txt`;
  writeFileSync(name, `${run} ${answered ? "with an answer" : ""}\n`);
  if (mode === "plain") return;
  git("add", "-A");
  git("commit", "-q", "-m", `work of ${run}`);
}

process.on("SIGTERM", () => leave(143, false));
write("begin", { born: performance.timeOrigin });
for (const other of unended(readJournal(readFileSync(journal, "utf8")), errand, self)) {
  if (processStart(other.pid) === other.start) write("overlap", { with: `${other.run} (pid ${other.pid})` });
}
console.log(`errand ${errand}: ${mode}`);
if (mode === "long") await sleep(3_600_000);
await sleep(Number(ms));
if (mode === "fail") leave(3);
if (mode === "ask" && !answered) {
  writeFileSync("BLOCKED.md", `Which colour has errand ${errand}?\n`);
  leave(0);
}
// A child that leaves the group, as some CLIs leave one: it must be gone when the run has ended.
if (mode === "leak") spawn("sleep", ["3600"], { detached: true, stdio: "ignore" }).unref();
if (mode !== "nothing") work();
console.log("DONE the errand");
leave(0);
