/** Reads a run's log back for the command line: what is there, and with `follow` what comes until the run ends. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../model/errors.ts";
import { LEASED_STATES, type Run } from "../model/run.ts";
import type { Store } from "../store/store.ts";

export interface ReadLogRequest {
  readonly store: Store;
  /** Where logs are kept, one `<run>.<attempt>.log` for each attempt. */
  readonly dir: string;
  /** A run's id, or the beginning of one. */
  readonly run: string;
  readonly follow: boolean;
}

const LOOK_MS = 500;

/** Throws a Refusal when the run is not known, named by too little, or has no log yet and is not followed. */
export async function* followLog({ store, dir, run: name, follow }: ReadLogRequest): AsyncGenerator<string> {
  const first = await findRun(store, name);
  const file = join(dir, `${first.id}.${Math.max(first.attempt, 1)}.log`);
  let from = 0;
  for (;;) {
    const isOpen = isWorking(await store.run(first.id));
    const chunk = await readFrom(file, from);
    if (chunk === null && !(follow && isOpen)) {
      throw new Refusal(
        `run ${first.id} has no log: it is ${first.state}`,
        "A log begins when the agent does.",
      );
    }
    from += chunk?.length ?? 0;
    if (chunk && chunk.length > 0) yield chunk.toString("utf8");
    if (!follow || !isOpen) return;
    await sleep(LOOK_MS);
  }
}

async function findRun(store: Store, name: string): Promise<Run> {
  const found = (await store.runs({ limit: 10_000 })).filter((run) => run.id.startsWith(name));
  if (found.length === 1) return found[0] as Run;
  const exact = found.find((run) => run.id === name);
  if (exact) return exact;
  if (found.length === 0)
    throw new Refusal(`there is no run ${name}`, "agent-dispatch status --all lists them.");
  throw new Refusal(`${found.length} runs begin with ${name}`, "Give more of the id.");
}

function isWorking(run: Run | null): boolean {
  return run !== null && (run.state === "queued" || (LEASED_STATES as readonly string[]).includes(run.state));
}

/** Null when there is no such file. */
async function readFrom(file: string, from: number): Promise<Buffer | null> {
  const handle = await open(file, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    if (size <= from) return Buffer.alloc(0);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
