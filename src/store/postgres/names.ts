/**
 * A worker's name belongs to one process at a time: by its name a process takes back its runs at a start, and with a
 * copied data folder two would take each other's. The name is a lock that PostgreSQL frees when its session ends,
 * however it ends. A session that is lost while the process lives is opened again, in the background.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../../model/errors.ts";
import { type Address, lockKey } from "./address.ts";
import { openSession, type Session } from "./session.ts";

const AGAIN_MS = 1_000;
/** A machine that died without a word is noticed by the server within 25 s. */
const PATIENCE_MS = 35_000;

export interface NameClaim {
  readonly address: Address;
  readonly worker: string;
  /** Gives the name up. */
  readonly signal: AbortSignal;
  readonly warn: (why: string) => void;
  /** How long another may still have it; 35 s unless given. Milliseconds. */
  readonly patienceMs?: number;
}

/** Rejects with a Refusal when another process goes on having the name, and when `signal` aborts before. */
export async function claimName(claim: NameClaim): Promise<void> {
  const { worker, signal, warn, patienceMs = PATIENCE_MS } = claim;
  const until = performance.now() + patienceMs;
  for (let told = false; ; told = true) {
    const session = await take(claim);
    if (session) {
      void keep(claim, session).catch(() => undefined);
      return;
    }
    if (performance.now() >= until) throw taken(worker);
    if (!told) warn(`worker ${worker} seems to run already; waiting until it is gone`);
    await sleep(Math.min(AGAIN_MS, patienceMs), undefined, { signal });
  }
}

/** Null when another has it. Rejects when the database cannot be asked. */
async function take({ address, worker, signal }: NameClaim): Promise<Session | null> {
  signal.throwIfAborted();
  const session = await openSession(address);
  const sql = `select pg_try_advisory_lock(${lockKey(address.schema, `worker ${worker}`)}) as got`;
  try {
    const [row] = await session.query(sql);
    signal.throwIfAborted();
    if (row?.got === true) return session;
  } catch (error) {
    session.end();
    throw error;
  }
  session.end();
  return null;
}

async function keep(claim: NameClaim, first: Session): Promise<void> {
  const { worker, signal, warn } = claim;
  let session: Session | null = first;
  let told = false;
  while (!signal.aborted) {
    if (session) {
      told = false;
      session.watch();
      await over(AbortSignal.any([session.gone, signal]));
      if (signal.aborted) session.end();
    }
    await sleep(AGAIN_MS, undefined, { signal });
    session = await take(claim).catch(() => null);
    if (session || told) continue;
    told = true;
    warn(`the name of worker ${worker} is not held while the database is away, or is another's`);
  }
}

function over(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function taken(worker: string): Refusal {
  return new Refusal(
    `starting the worker: worker ${worker} already runs elsewhere`,
    "Stop that process. If this data folder is a copy of its, delete the file `worker` in this one's DATA_DIR.",
  );
}
