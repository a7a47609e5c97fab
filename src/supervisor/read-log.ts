/** Reads a run's log back for the command line: what is there, and with `follow` what comes until the run ends. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../model/errors.ts";
import { LEASED_STATES, type Run } from "../model/run.ts";
import type { Store } from "../store/store.ts";
import { readPiece } from "./log-piece.ts";

export interface ReadLogRequest {
  readonly store: Pick<Store, "fleet" | "run" | "runs">;
  /** Where logs are kept, one `<run>.<attempt>.log` for each attempt; not asked where machines share their logs. */
  readonly dir: string;
  /** A run's id, or the beginning of one. */
  readonly run: string;
  readonly follow: boolean;
}

/** What of the log comes from that byte on, in pieces; nothing when none does by now, null when there is no log. */
type ReadFrom = (from: number) => Promise<Buffer | null>;

const LOOK_MS = 500;
const PIECE_BYTES = 1024 * 1024;
/** A beginning of an id is looked for among so many of the newest runs; a whole one among all. */
const NEWEST = 1_000;

/** Throws a Refusal when the run is not known, named by too little, or has no log yet and is not followed. */
export async function* followLog({ store, dir, run: name, follow }: ReadLogRequest): AsyncGenerator<string> {
  const first = await findRun(store, name);
  const readFrom = source(store, dir, first);
  const decoder = new TextDecoder();
  let from = 0;
  for (;;) {
    // Asked before the log is read: what a run says last is in its log when it has ended.
    const isOpen = isWorking(await store.run(first.id));
    const piece = await readFrom(from);
    if (piece === null && !(follow && isOpen)) {
      throw new Refusal(
        `run ${first.id} has no log: it is ${first.state}`,
        "A log begins when the agent does.",
      );
    }
    from += piece?.length ?? 0;
    const text = piece === null ? "" : decoder.decode(piece, { stream: true });
    if (text !== "") yield text;
    if (piece !== null && piece.length > 0) continue;
    if (!follow || !isOpen) return;
    await sleep(LOOK_MS);
  }
}

function source({ fleet }: ReadLogRequest["store"], dir: string, { id, attempt }: Run): ReadFrom {
  const which = Math.max(attempt, 1);
  if (fleet === null) {
    const file = join(dir, `${id}.${which}.log`);
    return (from) => readPiece(file, from, PIECE_BYTES);
  }
  return async (from) => {
    const text = await fleet.readLog(id, which, from);
    return text === null ? null : Buffer.from(text);
  };
}

async function findRun(store: ReadLogRequest["store"], name: string): Promise<Run> {
  const exact = await store.run(name);
  if (exact) return exact;
  const found = (await store.runs({ limit: NEWEST })).filter((run) => run.id.startsWith(name));
  if (found.length === 1) return found[0] as Run;
  if (found.length === 0)
    throw new Refusal(
      `there is no run ${name}`,
      "agent-dispatch status --all lists them; give the whole id.",
    );
  throw new Refusal(`${found.length} runs begin with ${name}`, "Give more of the id.");
}

function isWorking(run: Run | null): boolean {
  return run !== null && (run.state === "queued" || (LEASED_STATES as readonly string[]).includes(run.state));
}
