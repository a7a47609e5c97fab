/**
 * The native runtime: agents as processes of this host (Linux, macOS), each in a session of its own. It keeps a run
 * findable and endable, also after the bot's death, but it isolates nothing: the agent has the bot's user, files and
 * network, and limits of memory, CPU and processes are not enforced. `probe` says so. For more, use a container.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { release, type } from "node:os";
import { Refusal } from "../../model/errors.ts";
import type { Exit } from "../../model/outcome.ts";
import { readExitRecord } from "../output/raw.ts";
import { createTail } from "../output/tail.ts";
import { createTicker } from "../output/ticker.ts";
import type { Runtime, RuntimeProbe, StartSpec } from "../runtime.ts";
import { type Guard, orderStop } from "./alive.ts";
import { darwinProcesses } from "./darwin.ts";
import { decodeExit } from "./exit.ts";
import { createTurns, launch } from "./launch.ts";
import { linuxProcesses } from "./linux.ts";
import { createLives, type Life } from "./lives.ts";
import { MARKER, type ProcessTable, shareScans } from "./processes.ts";
import { findProgram } from "./program.ts";
import { keyOf, openRecords, type Records, type RunRecord, rawFiles } from "./record.ts";
import { killAll, terminate } from "./sweep.ts";

export interface NativeOptions {
  readonly now: () => number;
  /** A folder of this runtime's own, kept over restarts: one small file for each run not yet removed. */
  readonly records: string;
  /** Ends agents whose worker gives no sign of life; null on one machine, where they are left to be adopted. */
  readonly guard?: Guard | null;
  /** Told of a record that cannot be read; it is set aside and its run not listed. */
  readonly warn?: (message: string) => void;
}

/** How often output and the life of processes that are no children of ours are looked at. */
const TICK_MS = 250;

export function createNativeRuntime(options: NativeOptions): Runtime {
  const table = hostProcesses();
  const records = openRecords(options.records, options.now, options.warn);
  const ticker = createTicker(TICK_MS);
  const tail = createTail(ticker);
  const lives = createLives({
    now: options.now,
    table,
    ticker,
    end: (life) => endOf(life, table, records),
  });
  const turn = createTurns();
  return {
    name: "native",
    probe,
    paths: ({ checkout, meta, home }) => ({ checkout, meta, home }),
    start: (spec) =>
      start(spec, { now: options.now, table, records, lives, turn, guard: options.guard ?? null }),
    logs: (handle, signal) => tail(rawFiles(handle), lives.of(handle).finished(), signal),
    async ended(handle) {
      const { over, target } = lives.of(handle);
      return over || (await table.startOf(target.pid)) !== target.start;
    },
    wait: (handle) => lives.of(handle).finished(),
    async stop(handle, graceMs) {
      const life = lives.of(handle);
      if (life.over) return;
      if (options.guard) orderStop(rawFiles(handle).stop, graceMs);
      if (!(await terminate(table, life.target, graceMs))) {
        life.forced = true;
        await killAll(table, life.target);
      }
      await life.gone();
    },
    async list() {
      return (await records.all()).map((record) => record.handle);
    },
    async remove(handle) {
      const life = lives.of(handle);
      if (!life.over) {
        life.forced = true;
        await killAll(table, life.target);
      }
      await life.finished();
      await records.forget(handle);
      lives.forget(handle);
    },
  };
}

interface StartTools {
  readonly now: () => number;
  readonly table: ProcessTable;
  readonly records: Records;
  readonly lives: ReturnType<typeof createLives>;
  readonly turn: () => Promise<void>;
  readonly guard: Guard | null;
}

/** The record is on disk before the process exists: a crash between the two leaves a run that `stop` still finds. */
async function start(spec: StartSpec, tools: StartTools): Promise<RunRecord["handle"]> {
  const { checkout, logs } = spec.folders;
  await requireCheckout(checkout, spec.argv[0]);
  const program = await findProgram(spec.argv[0], spec.env.PATH, checkout);
  const { runId, attempt } = spec;
  const early = { runtime: "native", runId, attempt, ref: "0:", logs } as const;
  const record = { handle: early, startedAt: tools.now(), oomKills: await tools.table.oomKills() };
  await tools.records.write(record);
  const env = { ...spec.env, [MARKER]: keyOf(early) };
  try {
    const child = await launch(spec, program, env, rawFiles(early), tools.turn, tools.guard);
    const pid = child.pid ?? 0;
    // An end that quick leaves no start time to read; the handle then names a process that is gone, which is true.
    const handle = { ...early, ref: `${pid}:${(await tools.table.startOf(pid)) ?? ""}` };
    tools.lives.adopt(handle, child);
    await tools.records.write({ ...record, handle });
    return handle;
  } catch (error) {
    // It may live by now, with nobody told of it.
    await killAll(tools.table, tools.lives.of(early).target);
    await tools.records.forget(early);
    tools.lives.forget(early);
    throw error;
  }
}

async function requireCheckout(checkout: string, name: string): Promise<void> {
  const found = await stat(checkout).catch(() => null);
  if (found?.isDirectory()) return;
  throw new Refusal(
    `starting ${name}: there is no checkout at ${checkout}`,
    "retry the run to prepare it again",
  );
}

/** Nothing outlives the agent's end: what it left running is killed before the end is told. */
async function endOf(life: Life, table: ProcessTable, records: Records): Promise<Exit> {
  const { signal, at } = await life.gone();
  await killAll(table, life.target);
  const record = readExitRecord(rawFiles(life.handle).exit);
  const before = (await records.read(life.handle))?.oomKills ?? null;
  const after = await table.oomKills();
  const oomKill = before !== null && after !== null && after > before;
  const exit = decodeExit(record.text, { recorderSignal: signal, forced: life.forced, oomKill });
  // Without an end in it, the record is as old as the start.
  const written = exit.code === null && exit.signal === null ? null : record.writtenAt;
  // The shell's word is as of then; ours is as of when it was noticed, which may be late.
  return { ...exit, endedAt: written ?? at };
}

function hostProcesses(): ProcessTable {
  return shareScans(process.platform === "darwin" ? darwinProcesses() : linuxProcesses());
}

const WHY = "the host isolates nothing; use a container runtime";
const LACKS: RuntimeProbe["lacks"] = { files: WHY, network: WHY, memory: WHY, cpus: WHY, pids: WHY };

async function probe(): Promise<RuntimeProbe> {
  const version = `${type()} ${release()}, no isolation: memory, CPU and process limits are not enforced`;
  const no = (reason: string): RuntimeProbe => ({ ready: false, version: null, reason, lacks: LACKS });
  if (!["linux", "darwin"].includes(process.platform)) {
    return no(`agents run on the host on Linux and macOS only, not on ${type()}; use a container runtime`);
  }
  const shell = await access("/bin/sh", constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!shell) return no("no executable /bin/sh; install a POSIX shell there");
  const processes = await hostProcesses().startOf(process.pid);
  if (processes === null) return no("the host's processes cannot be listed; mount /proc or install ps");
  return { ready: true, version, reason: null, lacks: LACKS };
}
