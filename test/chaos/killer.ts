/**
 * Kills a process, starts it again after a pause, and again. When a kill comes is aimed: at any moment, during a start,
 * when a run is in a certain state, or at a call to the forge, before or after the forge has done it. An aim that does
 * not come in time becomes a kill at any moment. A few are not killed but only stopped, for longer than anything is held
 * for them, and then go on as if nothing had been.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, CallKind } from "./api-proxy.ts";
import type { Random } from "./random.ts";
import type { Sight, StoreView } from "./store-view.ts";

/** A process that can be killed. */
export interface Victim {
  readonly name: string;
  readonly state: () => "down" | "starting" | "ready";
  kill(): Promise<void>;
  /** Stops it, and lets it go on as `start` does; left out: it is only ever killed. */
  readonly freeze?: () => void;
  readonly thaw?: () => Promise<number>;
  /** Resolves when it is ready, with the milliseconds that took; rejects when it is killed before. */
  start(): Promise<number>;
  /** How often it is chosen, against others. */
  readonly weight: number;
  /** How long it stays down, in milliseconds. */
  downMs(random: Random): number;
}

export interface Kill {
  readonly victim: string;
  readonly aim: string;
  /** It was not killed, but stopped for a while. */
  readonly stopped: boolean;
  /** What was going on at that moment: idle, queued, preparing, running, publishing, delivering, reading. */
  readonly amid: readonly string[];
}

export interface KillerOptions {
  readonly victims: readonly Victim[];
  readonly kills: number;
  /** Each how manieth of them is a stop. */
  readonly stopEach: number;
  /** How long that lasts at the least, in milliseconds; longer than anything is held when left out. */
  readonly stopMs?: number;
  readonly random: Random;
  readonly view: StoreView;
  /** Ends the killing. */
  readonly signal: AbortSignal;
  /** Told of each kill, with what was going on. */
  readonly killed: (kill: Kill, sight: Sight | null) => void;
  readonly ready: (victim: Victim, ms: number) => void;
}

export interface Killer {
  /** To be awaited by each call to the forge: the process may be killed at it. */
  seen(victim: string, call: Call): Promise<void>;
  /** Resolves when all kills are done and all victims are started again. */
  run(): Promise<void>;
}

const AIMS = {
  moment: 34,
  starting: 8,
  preparing: 12,
  running: 8,
  publishing: 14,
  delivering: 8,
  call: 34,
} as const;
const CALLS: Readonly<Record<Exclude<CallKind, "other">, number>> = {
  comment: 5,
  edit: 2,
  time: 3,
  pull: 3,
  push: 3,
  react: 2,
};
const PATIENCE_MS = 3000;
const LOOK_MS = 25;
const BREATH_MS = 1200;
/** Longer than a lease (10 s here) and than the outbox holds an effect (30 s). */
const STOP_MS = 31_000;

export function createKiller(options: KillerOptions): Killer {
  const { stopMs = STOP_MS, stopEach, victims, kills, random, view, signal, killed, ready } = options;
  const traps = createTraps();
  const starts = new Set<Promise<void>>();

  function keep(started: Promise<void>): void {
    starts.add(started);
    void started.finally(() => starts.delete(started));
  }

  async function kill(victim: Victim, aim: string): Promise<void> {
    const sight = victim.state() === "ready" ? await view.sight().catch(() => null) : null;
    await victim.kill();
    const amid = sight ? amidOf(sight) : ["starting"];
    killed({ victim: victim.name, aim, amid, stopped: false }, sight);
    keep(again(victim, victim.downMs(random), () => victim.start()));
  }

  async function again(victim: Victim, downMs: number, start: () => Promise<number>): Promise<void> {
    await sleep(downMs);
    const ms = await start().catch(() => null);
    if (ms !== null) ready(victim, ms);
  }

  async function stop(victim: Victim): Promise<void> {
    const sight = await view.sight().catch(() => null);
    victim.freeze?.();
    const amid = sight ? amidOf(sight) : [];
    killed({ victim: victim.name, aim: "stopped", amid, stopped: true }, sight);
    keep(again(victim, random.between(stopMs, stopMs + 3000), async () => await victim.thaw!()));
  }

  return {
    seen: traps.seen,
    async run() {
      for (let count = 0; count < kills && !signal.aborted; ) {
        const isStop = count % stopEach === Math.floor(stopEach / 2);
        const wanted = random.weighted(isStop ? { ...AIMS, starting: 0 } : AIMS);
        const aim = await aimed(wanted, { victims, random, view, signal, traps });
        const from = isStop ? victims.filter((one) => one.freeze && one.state() === "ready") : victims;
        const victim = choose(from, aim.who, random, wanted === "starting" ? "starting" : "ready");
        if (victim) {
          if (isStop) await stop(victim);
          else await kill(victim, victim.state() === "starting" ? "starting" : aim.name);
          count += 1;
        }
        aim.done();
      }
      while (starts.size > 0) await Promise.all(starts);
    },
  };
}

interface Aim {
  readonly name: string;
  /** Whom it names; null for anyone. */
  readonly who: string | null;
  readonly done: () => void;
}

/** Waits for the moment. */
async function aimed(
  wanted: keyof typeof AIMS,
  {
    victims,
    random,
    view,
    signal,
    traps,
  }: Pick<KillerOptions, "victims" | "random" | "view" | "signal"> & { traps: Traps },
): Promise<Aim> {
  const any = (name: string): Aim => ({ name, who: null, done: () => {} });
  const isUp = () => signal.aborted || victims.some(({ state }) => state() === "ready");
  if (wanted === "starting" && victims.some(({ state }) => state() !== "ready")) {
    await until(() => isUp() || victims.some(({ state }) => state() === "starting"));
    await sleep(random.between(20, 700));
    return any("starting");
  }
  await until(isUp);
  // A breath, so that something comes of what was begun.
  await sleep(random.between(0, BREATH_MS));
  if (wanted === "moment" || wanted === "starting") {
    await sleep(random.between(0, 1800));
    return any("moment");
  }
  if (wanted !== "call") return any((await comes(wanted, victims, view, signal)) ? wanted : "moment");
  const moment = random.chance(0.6) ? "after" : "before";
  return await traps.set(random.weighted(CALLS), moment);
}

/** True when what is aimed at was seen in time. */
async function comes(
  wanted: "preparing" | "running" | "publishing" | "delivering",
  victims: readonly Victim[],
  view: StoreView,
  signal: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end && !signal.aborted) {
    // Nobody may look at a store whose process is down: see `sqlite-view.ts`.
    if (victims.every((victim) => victim.state() === "down")) return false;
    const sight = await view.sight().catch(() => null);
    if (sight && amidOf(sight).includes(wanted)) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(LOOK_MS);
}

function choose(
  victims: readonly Victim[],
  who: string | null,
  random: Random,
  wanted: "starting" | "ready",
): Victim | null {
  const named = victims.find(({ name, state }) => name === who && state() === "ready");
  if (named) return named;
  const up = victims.filter(({ state }) => state() !== "down");
  const fit = up.filter(({ state }) => state() === wanted);
  if (up.length === 0) return null;
  const weights = (fit.length > 0 ? fit : up).map(({ name, weight }) => [name, weight] as const);
  const name = random.weighted(Object.fromEntries(weights));
  return up.find((victim) => victim.name === name) ?? null;
}

function amidOf({ held, queued, openDeliveries, begunEffects }: Sight): readonly string[] {
  const amid = new Set<string>(held.map(({ state }) => state));
  if (begunEffects > 0) amid.add("delivering");
  if (openDeliveries > 0) amid.add("reading");
  if (amid.size === 0) amid.add(queued > 0 ? "queued" : "idle");
  return [...amid];
}

interface Traps {
  /** A call waits here while its process is killed at it. */
  seen(victim: string, call: Call): Promise<void>;
  /** Resolves when such a call comes, which is held until `done`; or in a while, with nobody named. */
  set(kind: CallKind, moment: Call["moment"]): Promise<Aim>;
}

function createTraps(): Traps {
  let trap: {
    kind: CallKind;
    moment: Call["moment"];
    spring: (who: string) => void;
    done: Promise<void>;
  } | null = null;
  return {
    async seen(victim, call) {
      if (trap?.kind !== call.kind || trap.moment !== call.moment) return;
      const { spring, done } = trap;
      trap = null;
      spring(victim);
      await done;
    },
    async set(kind, moment) {
      const sprung = Promise.withResolvers<string>();
      const end = Promise.withResolvers<void>();
      trap = { kind, moment, spring: sprung.resolve, done: end.promise };
      const late = new AbortController();
      const nobody = sleep(PATIENCE_MS, null, { signal: late.signal }).catch(() => null);
      const who = await Promise.race([sprung.promise, nobody]);
      trap = null;
      late.abort();
      return { who, name: who === null ? "moment" : `${moment} ${kind}`, done: end.resolve };
    },
  };
}
