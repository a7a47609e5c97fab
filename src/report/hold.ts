/**
 * A hold on an effect that was taken from the store: as long as it lasts, no other process begins the effect. It is
 * short, so that the effects of a process that died are soon taken up, and renewed while the work goes on. Nothing is
 * said or booked on a forge unless the hold outlasts one request: a process that was stopped for a while and then goes on must
 * not say what another has said meanwhile.
 */
import type { Effect } from "../model/effect.ts";
import { ForgeError } from "../model/errors.ts";
import type { Store } from "../store/store.ts";

export const HOLD_MS = 30_000;
const RENEW_MS = 5_000;
/** A forge's adapter ends a request after 20 s. */
const REQUEST_MS = 21_000;
/** Then the effect's place is given to others, and it is tried again later. */
const LONGEST_MS = 120_000;

/** Ended by us, and no word of the forge's. A ForgeError, so that the adapters it passes through leave it as it is. */
export class HoldEnded extends ForgeError {
  constructor(message: string) {
    super(message, 0, true);
  }
}

export interface HoldOptions {
  readonly store: Pick<Store, "delayEffect">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface Hold {
  /** To be called right before each request that must not be made twice is sent. Throws when the hold may end during it. */
  assertHeld(): void;
}

/** Does the work under a hold that began at `takenAt`. Rejects as it does, or when it takes longer than two minutes. */
export async function underHold<T>(
  effect: Effect,
  takenAt: number,
  options: HoldOptions,
  work: (hold: Hold) => Promise<T>,
): Promise<T> {
  const { store, now } = options;
  let until = takenAt + HOLD_MS;
  const late = Promise.withResolvers<never>();
  let renewals = LONGEST_MS / RENEW_MS;
  let renewed: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewals -= 1;
    if (renewals > 0) renewed = renew();
    else late.reject(new HoldEnded("delivering: it took longer than two minutes"));
  }, RENEW_MS).unref();
  const renew = async () => {
    const at = now();
    // Over already: somebody else may have it.
    if (at >= until) return;
    try {
      await store.delayEffect(effect.id, at + HOLD_MS, "under way");
      until = at + HOLD_MS;
    } catch {
      // The hold that there is goes on.
    }
  };
  const hold: Hold = {
    assertHeld() {
      if (now() + REQUEST_MS > until)
        throw new HoldEnded("delivering: it took too long; looked for before it is tried again");
    },
  };
  try {
    return await Promise.race([work(hold), late.promise]);
  } finally {
    clearInterval(timer);
    // So that it does not come after what is recorded next.
    await renewed;
    until = 0;
  }
}
