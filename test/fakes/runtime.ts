/**
 * A runtime without processes: each run does what its script says. For rooms that need an agent to be slow, to fail,
 * to run out of memory or not to start. Passes the runtime contract; its runs do not outlive the test's process,
 * but `reopen` gives what a restarted bot would see.
 */
import { setTimeout } from "node:timers/promises";
import type { Exit } from "../../src/model/outcome.ts";
import type { LogChunk, RunHandle, Runtime, StartSpec } from "../../src/runtimes/runtime.ts";

export interface FakeScript {
  /** Said at the start, in this order; a string goes to stdout as it is. */
  readonly output?: readonly (string | { readonly stream: LogChunk["stream"]; readonly text: string })[];
  /** Between the pieces of output, and before the end. */
  readonly pauseMs?: number;
  /** Null: goes on until it is stopped. Default: exit code 0, at a time nobody saw, since clocks of tests stand. */
  readonly exit?: Partial<Exit> | null;
  readonly ignoresTerm?: boolean;
  /** How it ends within its grace; default: by SIGTERM, without a word. */
  readonly onTerm?: { readonly exit: Partial<Exit>; readonly says?: string };
  /** What `start` rejects with. */
  readonly refuse?: Error;
  /** What the agent does to its folders, before it says anything. */
  readonly act?: (spec: StartSpec) => Promise<void> | void;
}

export interface FakeRuntime extends Runtime {
  /** What was started, in order. */
  readonly started: readonly StartSpec[];
  /** How many agents have not ended, of one run or of all. */
  living(runId?: string): number;
  /** Another client of the same engine. */
  reopen(): FakeRuntime;
}

interface FakeRun {
  readonly handle: RunHandle;
  readonly chunks: LogChunk[];
  readonly ended: PromiseWithResolvers<Exit>;
  readonly script: FakeScript;
  over: boolean;
}

interface Engine {
  readonly runs: Map<string, FakeRun>;
  readonly started: StartSpec[];
}

const GONE: Exit = { code: null, signal: null, outOfMemory: false };

/** `script` is asked once for each start. */
export function createFakeRuntime(
  script: (spec: StartSpec) => FakeScript = () => ({}),
  name: Runtime["name"] = "native",
): FakeRuntime {
  return connect({ runs: new Map(), started: [] }, script, name);
}

function connect(
  engine: Engine,
  script: (spec: StartSpec) => FakeScript,
  name: Runtime["name"],
): FakeRuntime {
  const find = (handle: RunHandle) => engine.runs.get(handle.ref);
  return {
    name,
    started: engine.started,
    probe: async () => ({ ready: true, version: "fake", reason: null, lacks: {} }),
    paths: ({ checkout, meta, home }) => ({ checkout, meta, home }),
    async start(spec) {
      const plan = script(spec);
      if (plan.refuse) throw plan.refuse;
      engine.started.push(spec);
      const ref = `fake-${engine.started.length}`;
      const handle = {
        runtime: name,
        runId: spec.runId,
        attempt: spec.attempt,
        ref,
        logs: spec.folders.logs,
      };
      const ended = Promise.withResolvers<Exit>();
      const run: FakeRun = { handle, chunks: [], ended, script: plan, over: false };
      engine.runs.set(ref, run);
      void play(run, spec);
      return handle;
    },
    logs: (handle, signal) => follow(find(handle), signal),
    ended: async (handle) => find(handle)?.over ?? true,
    wait: async (handle) => (await find(handle)?.ended.promise) ?? GONE,
    async stop(handle, graceMs) {
      const run = find(handle);
      if (!run || run.over) return;
      if (run.script.ignoresTerm || graceMs <= 0) {
        await setTimeout(graceMs);
        finish(run, { ...GONE, signal: "SIGKILL" });
        return;
      }
      const { says, exit } = run.script.onTerm ?? { exit: { signal: "SIGTERM" } };
      if (says) run.chunks.push({ stream: "stdout", data: Buffer.from(says) });
      finish(run, { ...GONE, ...exit });
    },
    list: async () => [...engine.runs.values()].map((run) => run.handle),
    async remove(handle) {
      const run = find(handle);
      if (run) finish(run, { ...GONE, signal: "SIGKILL" });
      engine.runs.delete(handle.ref);
    },
    living(runId) {
      const all = [...engine.runs.values()].filter((run) => !run.over);
      return all.filter((run) => runId === undefined || run.handle.runId === runId).length;
    },
    reopen: () => connect(engine, script, name),
  };
}

async function play(run: FakeRun, spec: StartSpec): Promise<void> {
  const { output = [], pauseMs = 0, exit, act } = run.script;
  await act?.(spec);
  for (const piece of output) {
    await setTimeout(pauseMs);
    if (run.over) return;
    const { stream, text } = typeof piece === "string" ? { stream: "stdout" as const, text: piece } : piece;
    run.chunks.push({ stream, data: Buffer.from(text) });
  }
  await setTimeout(pauseMs);
  if (exit !== null) finish(run, { ...GONE, code: exit?.signal ? null : 0, ...exit });
}

function finish(run: FakeRun, exit: Exit): void {
  run.over = true;
  run.ended.resolve(exit);
}

async function* follow(run: FakeRun | undefined, signal: AbortSignal): AsyncGenerator<LogChunk> {
  for (let next = 0; run && !signal.aborted; ) {
    const over = run.over;
    const chunk = run.chunks[next];
    if (chunk) {
      next += 1;
      yield chunk;
    } else if (over) return;
    else await setTimeout(5);
  }
}
