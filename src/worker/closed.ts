/**
 * Goes on with a step although the forge refuses our credentials: a revoked token must not end a run that is under
 * way. Whether the forge is closed altogether or only this one repository is, is not judged here but in `health/`,
 * which sees what is refused and asks the forge; a step only gives it the time to.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ForgeError, messageOf } from "../model/errors.ts";
import type { Run } from "../model/run.ts";
import { GitRefused } from "../workspace/explain.ts";
import type { WorkDeps } from "./deps.ts";
import { PAUSES } from "./patience.ts";

type Deps = Pick<WorkDeps, "forge" | "forgeOpen" | "forgeOpened" | "patienceMs" | "now" | "log">;

export interface Credentialed {
  readonly run: Run;
  readonly deps: Deps;
  /** Ends the trying at once: rejects then with what was refused last. */
  readonly signal: AbortSignal;
  /** What to do while the forge is closed; when it resolves, the step is tried again. */
  readonly whileClosed: (refusal: unknown) => Promise<void>;
}

/** A 401 from a forge that is open: its token may have come back just now. After so many it is this repository. */
const MOST_DOUBTS = 3;
const LONGEST_MS = 24 * 3_600_000;

/** Thrown while a run is prepared, when nobody has cancelled it: it is to wait in the queue, where it takes no one's place. */
export class ForgeClosed extends Error {
  override readonly name = "ForgeClosed";
}

/** `act` must be safe to do again. Rejects with what is no refusal, and with one that concerns this repository alone. */
export async function despiteRefusals<T>(act: () => Promise<T>, stand: Credentialed): Promise<T> {
  const { run, deps, signal, whileClosed } = stand;
  for (let doubts = 0; ; ) {
    try {
      return await act();
    } catch (error) {
      const status = refusalOf(error);
      if (status === null || signal.aborted) throw error;
      if (error instanceof GitRefused) await makeKnown(run, deps);
      await sleep((PAUSES[doubts] ?? 1) * deps.patienceMs, undefined, { signal }).catch(() => {
        throw error;
      });
      if (!deps.forgeOpen(run.repo.forge)) {
        await whileClosed(error);
        doubts = 0;
      } else if (status !== 401 || doubts++ === MOST_DOUBTS) throw error;
    }
  }
}

/** Waits for the forge to open, at most a day from the agent's end. Rejects with `refusal` when it did not. */
export async function waitForOpen(
  refusal: unknown,
  { run, deps, signal }: Pick<Credentialed, "run" | "deps" | "signal">,
): Promise<void> {
  const { forge } = run.repo;
  const leftMs = (run.endedAt ?? deps.now()) + LONGEST_MS - deps.now();
  if (leftMs <= 0) throw refusal;
  const reason = messageOf(refusal);
  deps.log.warn({ run: run.id, forge, reason }, "the forge is closed: the run is published when it opens");
  const over = AbortSignal.timeout(Math.min(leftMs, LONGEST_MS));
  await deps.forgeOpened(forge, AbortSignal.any([signal, over]));
  if (signal.aborted || over.aborted) throw refusal;
}

/** 401, 403 or 404 when the forge or its git refused us; else null. */
export function refusalOf(error: unknown): number | null {
  if (error instanceof GitRefused) return error.status;
  const refused = error instanceof ForgeError && !error.retryable && [401, 403, 404].includes(error.status);
  return refused ? error.status : null;
}

/** Git does not go through the forge that is watched; whether the forge refuses more is seen by asking it. */
async function makeKnown({ repo }: Run, deps: Deps): Promise<void> {
  await deps
    .forge(repo.forge)
    .repository(repo)
    .catch(() => {});
}
