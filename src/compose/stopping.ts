/**
 * The end of a server process, in time: whoever told it to stop kills it otherwise. All that counts is on disk, so a
 * database or a forge that hangs is not waited for. Does not say what becomes of the agents: that is the app's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { App } from "./app.ts";

const IN_TIME_MS = 20_000;
const LOOK_MS = 250;
const END_MS = 3_000;

export interface Ending {
  readonly agents: "wait" | "leave";
  /** How long the stop may take, after the last run where runs are waited for; 20 s unless given. Milliseconds. */
  readonly inTimeMs?: number;
}

/** False when the app had not stopped in time. */
export async function stopInTime(
  app: Pick<App, "stop" | "active">,
  { agents, inTimeMs = IN_TIME_MS }: Ending,
): Promise<boolean> {
  const over = new AbortController();
  const stopped = app.stop({ agents }).then(() => true);
  try {
    return await Promise.race([stopped, late(app, agents, inTimeMs, over.signal)]);
  } finally {
    over.abort();
  }
}

/**
 * Ends the process with this code once all is said. By itself, as a rule; but whoever starts it again waits for its end,
 * so something that was left open does not keep it alive.
 */
export async function endWith(code: number): Promise<void> {
  process.exitCode = code;
  await Promise.all([process.stdout, process.stderr].map(written));
  setTimeout(() => process.exit(), END_MS).unref();
}

function written(output: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => output.write("", () => resolve()));
}

async function late(
  app: Pick<App, "active">,
  agents: Ending["agents"],
  inTimeMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  while (agents === "wait" && app.active() > 0 && !signal.aborted) await pause(LOOK_MS);
  await pause(inTimeMs);
  return false;
}
