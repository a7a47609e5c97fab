/**
 * Hears of other processes' changes (LISTEN) over a session of its own, and says how ours are told (NOTIFY, which
 * fires at the commit). When the session is lost it tries again with growing pauses; what was missed meanwhile is
 * made good by waking everybody.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "./address.ts";
import { type Look, openSession, type Session } from "./session.ts";
import { WAKERS, type Waker, type WakeUps } from "./wake-ups.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export interface Listener {
  end(): void;
}

/**
 * SQL that tells of a change. `self` names this process in it, so that it does not wake itself twice; plain letters
 * and digits.
 */
export function telling(schema: string, self: string): (what: Waker) => string {
  return (what) => `pg_notify('${schema}', '${what} ${self}')`;
}

export interface Listening {
  readonly address: Address;
  /** Names this process. */
  readonly self: string;
  readonly wakeUps: WakeUps;
  /** Asked every two seconds. */
  readonly look: Look;
}

/** Resolves when it listens for the first time. */
export async function listen(listening: Listening): Promise<Listener> {
  const ending = new AbortController();
  let session = await begin(listening);
  const keep = async () => {
    while (!ending.signal.aborted) {
      await over(session.gone);
      if (ending.signal.aborted) return;
      session = await beginAgain(listening, ending.signal);
      listening.wakeUps.wakeAll();
    }
  };
  keep().catch(() => undefined);
  return {
    end() {
      ending.abort();
      session.end();
    },
  };
}

async function begin({ address, self, wakeUps, look }: Listening): Promise<Session> {
  const session = await openSession(address);
  session.client.on("notification", ({ payload = "" }) => {
    const [word, teller] = payload.split(" ");
    const what = WAKERS.find((waker) => waker === word);
    if (what && teller !== self) wakeUps.wake(what);
  });
  try {
    await session.query(`listen ${address.schema}`);
  } catch (error) {
    session.end();
    throw error;
  }
  session.watch(look);
  return session;
}

/** Rejects only when `signal` aborts. */
async function beginAgain(listening: Listening, signal: AbortSignal): Promise<Session> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    await sleep(pause, undefined, { signal });
    const session = await begin(listening).catch(() => null);
    if (!session) continue;
    if (!signal.aborted) return session;
    session.end();
  }
}

function over(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
