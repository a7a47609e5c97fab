/**
 * Waits for a server that is not up yet: started together with this program, as on a machine that boots, it may take
 * a while. Any other trouble is not waited for; the opening names it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, addressOf } from "./address.ts";
import { DatabaseFault, refusalToOpen } from "./fault.ts";
import { openSession } from "./session.ts";

const PATIENCE_MS = 300_000;
const AGAIN_MS = 1_000;
const TELL_MS = 10_000;

/** Nobody answers yet, its name is not known yet, it is starting, or all its places are taken. */
const COMING = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "57P03", "53300"]);

export interface Arrival {
  readonly url: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  readonly warn: (why: string) => void;
  /** Five minutes unless given. Milliseconds. */
  readonly patienceMs?: number;
}

/** False when `signal` aborted. Rejects with a Refusal when it did not come in time. */
export async function awaitServer(arrival: Arrival): Promise<boolean> {
  const { url, signal, warn, patienceMs = PATIENCE_MS } = arrival;
  const address = addressOf(url, "public");
  const begun = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const fault = await faultOf(address);
    if (fault === null || !isComing(fault)) return true;
    const now = performance.now();
    if (now - begun >= patienceMs) throw refusalToOpen(address, fault);
    if (now - told >= TELL_MS) {
      told = now;
      warn(`waiting for it: ${fault.message}`);
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

async function faultOf(address: Address): Promise<DatabaseFault | null> {
  try {
    (await openSession(address)).end();
    return null;
  } catch (error) {
    return error instanceof DatabaseFault ? error : new DatabaseFault(address, error);
  }
}

/** The driver's own word for a host that does not answer has no code. */
function isComing({ code, message }: DatabaseFault): boolean {
  return code === null ? /timeout/.test(message) : COMING.has(code);
}
