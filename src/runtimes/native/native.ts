/**
 * The native runtime: agents as processes of this host (Linux, macOS), each in a session of its own. It keeps a run
 * findable and endable, also after the bot's death. Where asked to, it confines an agent by bubblewrap (`confine.ts`)
 * or refuses to start it; else it isolates nothing: the agent has the bot's user, files and network. Limits of memory,
 * CPU and processes are not enforced either way. `probe` says so. For more, use a container.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { release, type } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../model/errors.ts";
import type { Exit } from "../../model/outcome.ts";
import { readExitRecord } from "../output/raw.ts";
import { createTail } from "../output/tail.ts";
import { createTicker } from "../output/ticker.ts";
import type { Runtime, RuntimeProbe, StartSpec } from "../runtime.ts";
import { type Guard, orderStop } from "./alive.ts";
import { type Confinement, type ConfineOptions, createConfinement } from "./confine.ts";
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
  /** What confined agents do not see. Without it none is started. */
  readonly confine?: ConfineOptions;
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
  const confinement = createConfinement(options.confine ?? null, join(options.records, "accounts"));
  const tools = { now: options.now, table, records, lives, turn, guard: options.guard ?? null, confinement };
  return {
    name: "native",
    probe: async (confined = true) => await probe(confined ? confinement : null),
    paths: ({ checkout, meta, home }) => ({ checkout, meta, home }),
    start: (spec) => start(spec, tools),
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
      const apart = (await records.read(handle))?.confined === true;
      if (!(await terminate(table, { ...life.target, apart }, graceMs))) {
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
  readonly confinement: Confinement;
}

/** The record is on disk before the process exists: a crash between the two leaves a run that `stop` still finds. */
async function start(spec: StartSpec, tools: StartTools): Promise<RunRecord["handle"]> {
  const { checkout, logs } = spec.folders;
  await requireCheckout(checkout, spec.argv[0]);
  const program = await findProgram(spec.argv[0], spec.env.PATH, checkout);
  const confinement = spec.confined ? await confine(spec, program, tools.confinement) : null;
  const { runId, attempt, confined } = spec;
  const early = { runtime: "native", runId, attempt, ref: "0:", logs } as const;
  const record = { handle: early, startedAt: tools.now(), oomKills: await tools.table.oomKills(), confined };
  await tools.records.write(record);
  const env = { ...spec.env, [MARKER]: keyOf(early) };
  try {
    const { turn, guard } = tools;
    const child = await launch(spec, program, env, rawFiles(early), { turn, guard, confinement });
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

/** Never unconfined instead. */
async function confine(spec: StartSpec, program: string, confinement: Confinement) {
  const tried = await confinement.tried();
  if (!tried.works)
    throw new Refusal(`starting ${spec.argv[0]}: it cannot be confined: ${tried.why}`, tried.fix);
  await confinement.hand(spec.folders);
  return { prefix: await confinement.prefix(spec, program), user: confinement.user };
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
  const files = rawFiles(life.handle);
  const record = readExitRecord(files.exit);
  const { oomKills: before = null, confined = false } = (await records.read(life.handle)) ?? {};
  const after = await table.oomKills();
  const oomKill = before !== null && after !== null && after > before;
  const inside = confined ? readExitRecord(files.inside).text : null;
  const exit = decodeExit(record.text, { recorderSignal: signal, forced: life.forced, oomKill, inside });
  // Without an end in it, the record is as old as the start.
  const written = exit.code === null && exit.signal === null ? null : record.writtenAt;
  // The shell's word is as of then; ours is as of when it was noticed, which may be late.
  return { ...exit, endedAt: written ?? at };
}

function hostProcesses(): ProcessTable {
  return shareScans(process.platform === "darwin" ? darwinProcesses() : linuxProcesses());
}

const CONTAINER = "use a container runtime";
const UNBOUND = `the host isolates nothing; set \`confined: true\`, or ${CONTAINER}`;
const UNLIMITED = `bubblewrap does not limit it; ${CONTAINER}`;
const LIMITS = { memory: UNLIMITED, cpus: UNLIMITED, pids: UNLIMITED };
const ALL = { ...LIMITS, files: UNBOUND, network: UNBOUND };

/** `confinement` is null for agents that are not to be confined. */
async function probe(confinement: Confinement | null): Promise<RuntimeProbe> {
  const lacks = confinement ? LIMITS : ALL;
  const no = (reason: string) => ({ ready: false, version: null, reason, lacks });
  const lack = await lackOfHost();
  if (lack !== null) return no(lack);
  const tried = await confinement?.tried();
  if (tried?.works === false) return no(`agents cannot be confined: ${tried.why}; ${tried.fix}`);
  const held = tried ? `confined by bubblewrap ${tried.version}` : "no isolation";
  const version = `${type()} ${release()}, ${held}: memory, CPU and process limits are not enforced`;
  return { ready: true, version, reason: null, lacks };
}

/** Why no agent can run on this host; null when they can. */
async function lackOfHost(): Promise<string | null> {
  if (!["linux", "darwin"].includes(process.platform))
    return `agents run on the host on Linux and macOS only, not on ${type()}; ${CONTAINER}`;
  const shell = await access("/bin/sh", constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!shell) return "no executable /bin/sh; install a POSIX shell there";
  if ((await hostProcesses().startOf(process.pid)) !== null) return null;
  return "the host's processes cannot be listed; mount /proc or install ps";
}
