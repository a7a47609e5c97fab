/**
 * 200 agents at once on one process, each a shell that prints a line every 200 ms for some seconds: started on the
 * native runtime and supervised (raw files, reader, redacted log, limits), against the same shells spawned plainly
 * with pipes collected in memory. Measures how late the event loop gets (p99, beyond its resolution) and how much
 * memory a run takes. Each side has a process of its own, so that neither pays for the other's garbage.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { OutputReader } from "../src/agents/agent.ts";
import { createNativeRuntime } from "../src/runtimes/native/native.ts";
import { createRedactor } from "../src/supervisor/redact.ts";
import { createRunLog } from "../src/supervisor/run-log.ts";
import { supervise } from "../src/supervisor/supervise.ts";

const RUNS = 200;
const GOAL_MS = 50;
const GOAL_BYTES = 1024 * 1024;
const RESOLUTION_MS = 10;
const LINES = 25;
const AGENT = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo '{"type":"item.completed","text":"a line of an agent at work, as long as such lines usually are"}'; sleep 0.2; done`;

interface Measured {
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly bytesPerRun: number;
  readonly seconds: number;
  readonly lines: number;
}

function reader(): OutputReader {
  let last: string | null = null;
  return {
    line(text) {
      const event = JSON.parse(text) as { text: string };
      last = event.text;
      return [{ kind: "message", text: last }];
    },
    end: (code) => ({
      ok: code === 0,
      failure: null,
      cause: null,
      resetsAt: null,
      lastMessage: last,
      session: null,
      usage: null,
    }),
  };
}

async function ours(root: string): Promise<number> {
  const runtime = createNativeRuntime({ now: Date.now, records: join(root, "records") });
  const secrets = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [`KEY_${i}`, `sk-secret-value-${i}-xyz`]),
  );
  const redact = createRedactor(secrets);
  const limits = { totalMs: 600_000, idleMs: 300_000, graceMs: 5_000, outputBytes: 100e6 };
  let lines = 0;
  const one = async (index: number) => {
    const at = (name: string) => join(root, `run-${index}`, name);
    const folders = { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") };
    mkdirSync(folders.checkout, { recursive: true });
    const handle = await runtime.start({
      runId: `fanout-${process.pid}-${index}`,
      attempt: 1,
      argv: ["sh", "-c", AGENT],
      env: { PATH: process.env.PATH ?? "" },
      stdin: "the prompt",
      folders,
      limits: { memoryBytes: null, cpus: null, pids: null },
      image: null,
      gpu: false,
      network: "open",
      visible: [],
      confined: false,
    });
    const log = createRunLog({ file: at("run.log"), maxBytes: 1e6, redact });
    const never = new AbortController().signal;
    const ticks = () => performance.now();
    const times = {
      startedAt: Date.now(),
      watchDisk: () => () => {},
      startedTick: ticks(),
      ticks,
      adopted: false,
    };
    const seen = { cancelled: never, lost: never, left: never, onEvent: () => void lines++ };
    const { exit } = await supervise({ runtime, handle, reader: reader(), log, limits, ...times, ...seen });
    if (exit.code !== 0) throw new Error(`an agent ended with ${JSON.stringify(exit)}`);
    log.close();
    await runtime.remove(handle);
  };
  await Promise.all(Array.from({ length: RUNS }, (_, index) => one(index)));
  return lines;
}

async function plain(): Promise<number> {
  let lines = 0;
  const one = async () => {
    const child = spawn("sh", ["-c", AGENT], { stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    child.stdout.on("data", (data) => output.push(data));
    child.stderr.on("data", (data) => output.push(data));
    await once(child, "close");
    lines += Buffer.concat(output).toString().split("\n").length - 1;
  };
  await Promise.all(Array.from({ length: RUNS }, one));
  return lines;
}

async function measure(side: string): Promise<Measured> {
  const root = mkdtempSync(join(tmpdir(), "fanout-"));
  const rss = () => {
    globalThis.gc?.();
    return process.memoryUsage().rss;
  };
  const before = rss();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 250);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const from = performance.now();
  const lines = side === "ours" ? await ours(root) : await plain();
  delay.disable();
  clearInterval(sampling);
  rmSync(root, { recursive: true, force: true });
  return {
    p99Ms: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
    maxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS),
    bytesPerRun: Math.max(0, most - before) / RUNS,
    seconds: (performance.now() - from) / 1000,
    lines,
  };
}

function inItsOwnProcess(side: string): Measured {
  const args = ["--expose-gc", import.meta.filename, side];
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }),
  );
}

function describe(name: string, m: Measured): string {
  const kb = (m.bytesPerRun / 1024).toFixed(0);
  const delay = `event-loop delay p99 ${m.p99Ms.toFixed(1)} ms, max ${m.maxMs.toFixed(1)} ms`;
  return `${name}: ${RUNS} agents, ${m.lines} lines in ${m.seconds.toFixed(1)} s; ${delay}; ${kb} KB of memory a run`;
}

const side = process.argv[2];
if (side !== undefined) console.log(JSON.stringify(await measure(side)));
else {
  const baseline = inItsOwnProcess("plain");
  const measured = inItsOwnProcess("ours");
  console.log(describe("plain child_process", baseline));
  console.log(describe("native runtime, supervised", measured));
  const complete = measured.lines === RUNS * LINES && baseline.lines === RUNS * LINES;
  const met = complete && measured.p99Ms < GOAL_MS && measured.bytesPerRun < GOAL_BYTES;
  console.log(
    `compared: p99 event-loop delay with ${RUNS} supervised agents over that with plain child_process pipes; ` +
      `goals: under ${GOAL_MS} ms and under 1 MB a run: ${met ? "met" : "MISSED"}`,
  );
  console.log(`fanout ratio=${(measured.p99Ms / Math.max(baseline.p99Ms, 0.1)).toFixed(2)}`);
  // A missed goal is for a reader to judge: machines differ. Lost output is wrong on every machine.
  process.exitCode = complete ? 0 : 1;
}
