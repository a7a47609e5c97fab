/** A worker with its outbox as one mortal process on a machine that outlives it. */
import { createLiveStatus } from "../../src/report/live-status.ts";
import { createOutbox, type Outbox } from "../../src/report/outbox.ts";
import type { Claim, Leaseholder } from "../../src/store/store.ts";
import type { WorkDeps } from "../../src/worker/deps.ts";
import { openJob } from "../../src/worker/job.ts";
import { createSweeper } from "../../src/worker/sweep.ts";
import { work } from "../../src/worker/work.ts";
import { type Bench, LEASE_MS, NO_CAPS } from "../worker/bench.ts";
import type { Machine } from "../worker/machine.ts";
import { type Life, mortal } from "./mortal.ts";

const STORE = ["move", "note", "addEffects", "takeEffects", "confirmEffect", "delayEffect"] as const;
const FORGE = [
  "comment",
  "editComment",
  "react",
  "removeLabel",
  "openPull",
  "bookTime",
  "startStopwatch",
] as const;

/** Longer than the outbox holds back what a dead process had begun. */
const HOLD_MS = 61_000;

export interface Place {
  readonly machine?: Machine;
  /** Whose runs it takes over at first; its own unless told. */
  readonly whose?: Leaseholder;
}

/** Works everything there is until nothing is left, or until it dies. */
export async function live(bench: Bench, life: Life, { machine = bench, whose = "own" }: Place = {}) {
  const { deps, outbox } = processOf(bench, machine, life);
  const halt = new AbortController();
  const stops = { leave: new AbortController().signal, halt: halt.signal };
  const begin = async (claim: Claim) => await work(openJob(claim, deps, stops), deps);
  try {
    for (const claim of await deps.store.takeOver(deps.name, LEASE_MS, whose)) await begin(claim);
    const sweeper = createSweeper(deps, () => false);
    sweeper.look();
    await sweeper.idle();
    for (;;) {
      const claim = await deps.store.claim(deps.name, NO_CAPS, LEASE_MS);
      if (!claim) break;
      await begin(claim);
    }
    while (!life.dead && (await bench.store.pendingEffects()) > 0) {
      await outbox.flush();
      bench.clock.ms += HOLD_MS;
    }
  } catch (error) {
    if (!life.dead) throw error;
  } finally {
    halt.abort();
  }
}

/** `fleet` is reached through no call that counts: what it keeps is a copy. */
function processOf(
  bench: Bench,
  machine: Machine,
  life: Life,
): { readonly deps: WorkDeps; readonly outbox: Outbox } {
  const { log, redact, now } = bench.deps;
  const store = mortal(bench.store, life, STORE, ["changed"]);
  const forge = mortal(bench.forge, life, FORGE, ["identify", "verify", "parse"]);
  const runtime = mortal(
    machine.runtime.reopen(),
    life,
    ["start", "stop", "remove"],
    ["paths", "logs", "living"],
  );
  const workspaces = mortal(machine.workspaces, life, ["prepare", "push"], ["dirFor", "foldersOf", "fail"]);
  const deps: WorkDeps = {
    ...machine.deps,
    store,
    forge: () => forge,
    runtimeFor: async () => runtime,
    runtimeNamed: () => runtime,
    runtimes: () => [runtime],
    workspaces,
    live: createLiveStatus({ store, everyMs: 0, now, onError: () => {} }),
  };
  const forges = new Map([[bench.forge.name, forge]]);
  return { deps, outbox: createOutbox({ store, forges, redact, findSecret: () => null, now, log }) };
}
