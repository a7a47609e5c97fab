/**
 * Watches one agent from its start to its end: every line goes to the log and to the agent's reader, the limits are
 * held, and who cancels is obeyed. The first cause of an end wins and is named. It does not judge the end (the
 * outcome room does), and it tells neither the forge nor the store.
 */
import type { AgentEvent, AgentResult, OutputReader } from "../agents/agent.ts";
import type { Exit } from "../model/outcome.ts";
import type { LogChunk, RunHandle, Runtime } from "../runtimes/runtime.ts";
import { watchAwake } from "./awake.ts";
import type { DiskEnd } from "./disk-guard.ts";
import { createLines } from "./lines.ts";
import type { RunLog } from "./run-log.ts";

/** Milliseconds and bytes. */
export interface SuperviseLimits {
  /** Agent time, from `startedTick` on. */
  readonly totalMs: number;
  /** Without a byte of output. */
  readonly idleMs: number;
  /** Between TERM and KILL. */
  readonly graceMs: number;
  readonly outputBytes: number;
}

export interface SuperviseRequest {
  readonly runtime: Runtime;
  readonly handle: RunHandle;
  readonly reader: OutputReader;
  readonly log: RunLog;
  readonly limits: SuperviseLimits;
  /** Epoch milliseconds, as recorded. */
  readonly startedAt: number;
  /** The same moment as `ticks` count it. */
  readonly startedTick: number;
  /** Milliseconds on a clock that nobody sets. */
  readonly ticks: () => number;
  /** Another process started the agent: it may have ended unwatched, and then the runtime's word on when counts. */
  readonly adopted: boolean;
  /** Aborted when a person cancels. */
  readonly cancelled: AbortSignal;
  /** Aborted when the lease is lost: the agent is stopped, for another worker may have started its own. */
  readonly lost: AbortSignal;
  /** Aborted when this process goes and the agent stays alive for the next one to adopt. */
  readonly left: AbortSignal;
  readonly onEvent: (event: AgentEvent) => void;
  /** Watches what the agent writes to the disk, until told to stop. */
  readonly watchDisk: (end: (why: DiskEnd) => void) => () => void;
}

/** `output`: more was printed than allowed, whether or not the agent ended meanwhile; the rest was not read. */
export type Ended = "exit" | "cancelled" | "total" | "idle" | "output" | DiskEnd | "lost" | "left";

export interface Supervised {
  readonly ended: Ended;
  /** Without its own `endedAt`. */
  readonly exit: Exit;
  readonly result: AgentResult;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /**
   * When the agent ended, also when nobody watched it then; when this was noticed, if no more is known. As far after
   * `startedAt` as the agent worked, whatever was done to the wall clock meanwhile.
   */
  readonly endedAt: number;
}

/** The longest line that reaches a reader: whole files come as one JSON line. */
const LONGEST_LINE = 4 * 1024 * 1024;
/** Node fires a longer timer at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

const NEVER_SEEN: Exit = { code: null, signal: null, outOfMemory: false };

/**
 * Resolves when nothing of the run is left or, for `left`, at once, with the agent alive and its end unknown.
 * When it rejects, the agent was told to stop too.
 */
export async function supervise(request: SuperviseRequest): Promise<Supervised> {
  const { runtime, handle, limits, reader, startedAt, startedTick, ticks, adopted } = request;
  const timeOf = (tick: number) => startedAt + Math.max(0, Math.round(tick - startedTick));
  const noticedAt = () => timeOf(ticks());
  const awake = watchAwake(ticks, adopted ? startedTick : ticks());
  const reading = new AbortController();
  const ender = createEnder(request, reading);
  const alarms = setAlarms(request, ender.end);
  const unwatch = request.watchDisk(ender.end);
  const ended = async () => {
    const { endedAt: told, ...exit } = await runtime.wait(handle);
    ender.end("exit");
    // Clocks get set, and a container's may be another one than ours: the runtime's word counts for as long as this
    // process may have noticed nothing, which is not at all while it is awake.
    return { exit, endedAt: Math.min(Math.max(told ?? Infinity, timeOf(awake.since())), noticedAt()) };
  };
  try {
    const read = readAll(request, reading.signal, alarms.heard, ender.end);
    const watched = Promise.all([ended(), read]).then(([end]) => end);
    const left = ender.left.then(async () => {
      await read;
      return { exit: NEVER_SEEN, endedAt: noticedAt() };
    });
    const { exit, endedAt } = await Promise.race([watched, left, ender.failed]);
    await ender.stopped();
    return { ended: ender.cause() ?? "exit", exit, result: reader.end(exit.code), startedAt, endedAt };
  } catch (error) {
    // Whatever broke, no agent is left without anyone watching it. The first error is the one to tell.
    await runtime.stop(handle, limits.graceMs).catch(() => undefined);
    throw error;
  } finally {
    reading.abort();
    alarms.off();
    unwatch();
    awake.stop();
  }
}

async function readAll(
  { runtime, handle, reader, log, limits, onEvent }: SuperviseRequest,
  signal: AbortSignal,
  heard: () => void,
  end: (why: Ended) => void,
): Promise<void> {
  const lines = { stdout: createLines(LONGEST_LINE), stderr: createLines(LONGEST_LINE) };
  const take = (stream: LogChunk["stream"], texts: readonly string[]) => {
    for (const text of texts) {
      log.write(stream, text);
      for (const event of reader.line(text, stream)) onEvent(event);
    }
  };
  let bytes = 0;
  for await (const { stream, data } of runtime.logs(handle, signal)) {
    heard();
    take(stream, lines[stream].push(data));
    bytes += data.length;
    if (bytes <= limits.outputBytes) continue;
    end("output");
    break;
  }
  take("stdout", lines.stdout.end());
  take("stderr", lines.stderr.end());
}

/** Keeps the first cause, and stops the agent for every cause but its own exit and our leaving. */
function createEnder({ runtime, handle, limits }: SuperviseRequest, reading: AbortController) {
  let cause: Ended | null = null;
  let stopping: Promise<void> = Promise.resolve();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  return {
    cause: () => cause,
    stopped: () => stopping,
    /** Rejects when the agent could not be stopped: its end may never come then. */
    failed,
    /** Resolves when the agent is to be left alive, unless it was being stopped by then. */
    left,
    end(why: Ended): void {
      const over = cause === "exit";
      if (cause !== null && !(over && why === "output")) return;
      cause = why;
      if (why === "output" || why === "left") reading.abort();
      if (why === "left") leave();
      if (why === "exit" || why === "left" || over) return;
      stopping = runtime.stop(handle, limits.graceMs);
      stopping.catch(reject);
    },
  };
}

/**
 * What ends a run from outside: limits of time and the signals. A limit of time does not strike an agent that has
 * ended by then, as while the bot was down: its end is about to be told.
 */
function setAlarms(request: SuperviseRequest, end: (why: Ended) => void) {
  const { runtime, handle, limits, startedTick, ticks, cancelled, lost, left } = request;
  let on = true;
  const strike = async (why: "idle" | "total") => {
    // Where it cannot be learnt, the limit holds.
    const over = await runtime.ended(handle).catch(() => false);
    if (on && !over) end(why);
  };
  const idle = setTimeout(() => void strike("idle"), Math.min(limits.idleMs, LONGEST_TIMER));
  let total: NodeJS.Timeout | undefined;
  const watchTotal = () => {
    const rest = startedTick + limits.totalMs - ticks();
    if (rest <= 0) void strike("total");
    else total = setTimeout(watchTotal, Math.min(rest, LONGEST_TIMER));
  };
  const signals = [
    [lost, () => end("lost")],
    [left, () => end("left")],
    [cancelled, () => end("cancelled")],
  ] as const;
  for (const [signal, listen] of signals) {
    if (signal.aborted) listen();
    else signal.addEventListener("abort", listen, { once: true });
  }
  watchTotal();
  return {
    heard: () => idle.refresh(),
    off(): void {
      on = false;
      clearTimeout(idle);
      clearTimeout(total);
      for (const [signal, listen] of signals) signal.removeEventListener("abort", listen);
    },
  };
}
