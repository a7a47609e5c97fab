/**
 * An agent without a model, for the demo and the journeys: it does what the lines `step: …` of its prompt say, with
 * real files, real git and real exits. It stands in for a CLI, so it takes its prompt on stdin and says `DONE …` at
 * the end. Unknown steps are an error, as with any agent that was asked for what it cannot do.
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

type Step = (rest: string, prompt: string) => undefined | "stop" | "wait";

const git = (...args: string[]) => execFileSync("git", args, { stdio: ["ignore", "inherit", "inherit"] });

const steps: Readonly<Record<string, Step>> = {
  /** write PATH TEXT */
  write(rest, prompt) {
    const [path = "", ...text] = rest.split(" ");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text.join(" ").replace("{answer}", answerIn(prompt) ?? "")}\n`);
    console.log(`wrote ${path}`);
  },
  append(rest) {
    const [path = "", ...text] = rest.split(" ");
    appendFileSync(path, `${text.join(" ")}\n`);
    console.log(`appended to ${path}`);
  },
  commit(rest) {
    git("add", "-A");
    git("commit", "-q", "-m", rest);
    console.log(`committed: ${rest}`);
  },
  say(rest) {
    console.log(rest);
  },
  /** Asks, unless an answer is already in the prompt. */
  ask(rest, prompt) {
    if (answerIn(prompt) !== null) return;
    writeFileSync("BLOCKED.md", `${rest}\n`);
    console.log("asked a question and stopped");
    return "stop";
  },
  /** env NAME: prints a variable's value, for tests of what an agent can see. */
  env(rest) {
    console.log(`${rest}=${process.env[rest] ?? ""}`);
  },
  environment() {
    for (const [name, value] of Object.entries(process.env)) console.log(`${name}=${value}`);
  },
  prompt(_rest, prompt) {
    writeFileSync("PROMPT.txt", prompt);
  },
  noise(rest) {
    for (let line = 0; line < Number(rest); line++) console.log(`line ${line} of noise`);
  },
  exit(rest) {
    process.exit(Number(rest));
  },
  kill(rest) {
    process.kill(process.pid, rest);
  },
  /** Works for ever: for cancels and time limits. */
  hang() {
    console.log("working for ever");
    setInterval(() => {}, 60_000);
    return "wait";
  },
  /** The same, deaf to TERM. */
  deaf() {
    process.on("SIGTERM", () => console.log("ignoring TERM"));
    console.log("working for ever, deaf to TERM");
    setInterval(() => {}, 60_000);
    return "wait";
  },
  /** work SECONDS: takes its time. */
  work(rest) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(rest) * 1000);
    console.log(`worked for ${rest} s`);
  },
  /** until PATH: goes on when the file is there. */
  until(rest) {
    for (;;) {
      try {
        readFileSync(rest);
        return;
      } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      }
    }
  },
};

function answerIn(prompt: string): string | null {
  return /^The answer(?: [^:\n]*)?:\s*\n+(?:> ?)?(.*)$/im.exec(prompt)?.[1]?.trim() ?? null;
}

function play(prompt: string): void {
  for (const match of prompt.matchAll(/^\s*step: (\S+) ?(.*)$/gm)) {
    const [, name = "", rest = ""] = match;
    const step = steps[name];
    if (!step) throw new Error(`unknown step ${name}; known: ${Object.keys(steps).join(", ")}`);
    const end = step(rest.trimEnd(), prompt);
    if (end === "wait") return;
    if (end === "stop") break;
  }
  console.log("DONE followed every step");
}

play(readFileSync(0, "utf8"));
