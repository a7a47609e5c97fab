/**
 * One process of all that share the database does what one must do alone: it holds a lock that PostgreSQL frees when
 * its session ends, however it ends. A session that is lost without a word is noticed within seconds here, and by the
 * server within half a minute; only then another may begin. A leader that is stopped or hangs loses the lead too.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, lockKey } from "./address.ts";
import { openSession, type Session } from "./session.ts";

const AGAIN_MS = 1_000;
/** A process that asks nothing for so long is stopped or hangs: the server ends its session. */
const HUNG_MS = 15_000;

/** Resolves with a signal that aborts when the lead is lost or given up; rejects when `signal` aborts before. */
export async function lead(address: Address, signal: AbortSignal): Promise<AbortSignal> {
  for (;;) {
    signal.throwIfAborted();
    const session = await openSession(address).catch(() => null);
    if (session && (await wait(session, address, signal))) return session.gone;
    await sleep(AGAIN_MS, undefined, { signal });
  }
}

/** False when the session ended first. */
async function wait(session: Session, address: Address, signal: AbortSignal): Promise<boolean> {
  const giveUp = () => session.end();
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  session.gone.addEventListener("abort", () => signal.removeEventListener("abort", giveUp));
  session.watch();
  await session.query(`set idle_session_timeout = ${HUNG_MS}`).catch(() => session.end());
  while (!session.gone.aborted) {
    const [row] = await session
      .query(`select pg_try_advisory_lock(${lockKey(address.schema, "lead")}) as got`)
      .catch(() => []);
    if (session.gone.aborted) break;
    if (row?.got === true) return true;
    await sleep(AGAIN_MS, undefined, { signal: AbortSignal.any([signal, session.gone]) }).catch(
      () => undefined,
    );
  }
  session.end();
  return false;
}
