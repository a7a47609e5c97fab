/** A worker with its outbox as one mortal process, on a bench that outlives it. */
import { createLiveStatus } from "../../src/report/live-status.ts";
import { createOutbox, type Outbox } from "../../src/report/outbox.ts";
import type { Claim } from "../../src/store/store.ts";
import type { WorkDeps } from "../../src/worker/deps.ts";
import { openJob } from "../../src/worker/job.ts";
import { work } from "../../src/worker/work.ts";
import { type Bench, LEASE_MS, NO_CAPS } from "../worker/bench.ts";
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

/** Works everything there is until nothing is left, or until it dies. */
export async function live(bench: Bench, life: Life): Promise<void> {
  const { deps, outbox } = processOf(bench, life);
  const halt = new AbortController();
  const stops = { leave: new AbortController().signal, halt: halt.signal };
  const begin = async (claim: Claim) => await work(openJob(claim, deps, stops), deps);
  try {
    for (const claim of await deps.store.takeOver("worker", LEASE_MS, "own")) await begin(claim);
    for (;;) {
      const claim = await deps.store.claim("worker", NO_CAPS, LEASE_MS);
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

function processOf(bench: Bench, life: Life): { readonly deps: WorkDeps; readonly outbox: Outbox } {
  const { log, redact, now } = bench.deps;
  const store = mortal(bench.store, life, STORE, ["changed"]);
  const forge = mortal(bench.forge, life, FORGE, ["identify", "verify", "parse"]);
  const runtime = mortal(
    bench.runtime.reopen(),
    life,
    ["start", "stop", "remove"],
    ["paths", "logs", "living"],
  );
  const workspaces = mortal(bench.workspaces, life, ["prepare", "push"], ["dirFor", "foldersOf", "fail"]);
  const deps: WorkDeps = {
    ...bench.deps,
    store,
    forge: () => forge,
    runtimeFor: async () => runtime,
    runtimeNamed: () => runtime,
    workspaces,
    live: createLiveStatus({ store, everyMs: 0, now, onError: () => {} }),
  };
  const forges = new Map([[bench.forge.name, forge]]);
  return { deps, outbox: createOutbox({ store, forges, redact, findSecret: () => null, now, log }) };
}
