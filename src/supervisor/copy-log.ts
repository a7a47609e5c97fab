/**
 * Copies the readable log of an attempt to where every machine can read it, while it is written. It follows the file
 * itself, so the copy has the same bytes at the same places, is as long at most, and costs the memory of one piece:
 * beyond half the log's size what is left of the rest follows at the end, as in the file. What could not be copied is
 * tried again as long as the run is worked on; nothing here disturbs or holds up a run for long.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../model/errors.ts";
import type { Fleet } from "../store/store.ts";
import { readPiece } from "./log-piece.ts";

export interface LogCopy {
  /** Copies what the file has by now; waits for it a moment only. Never rejects. */
  catchUp(): Promise<void>;
  /** Copies the rest, unless `lost` has aborted: then another may write the log. The last call. Never rejects. */
  end(lost: AbortSignal): Promise<void>;
}

export interface LogCopyOptions {
  readonly file: string;
  readonly runId: string;
  readonly attempt: number;
  readonly fleet: Pick<Fleet, "appendLog">;
  /** Between two looks at the file; a second unless given. Milliseconds. */
  readonly everyMs?: number;
  /** Hears of the first of several failures in a row. */
  readonly warn: (reason: string) => void;
}

/** More than the longest line, so that a piece ends with one. */
const PIECE_BYTES = 256 * 1024;
const EVERY_MS = 1_000;
const PATIENCE_MS = 2_000;

/** Begins with the file's first byte, also when an earlier process had copied some of an earlier file. */
export function copyLog(options: LogCopyOptions): LogCopy {
  const over = new AbortController();
  const place = { read: 0, copied: 0 };
  let isFailing = false;
  let turn: Promise<void> = Promise.resolve();
  const step = async () => {
    try {
      while (!over.signal.aborted && (await copyPiece(options, place)));
      isFailing = false;
    } catch (error) {
      if (!isFailing) options.warn(messageOf(error));
      isFailing = true;
    }
  };
  const next = () => {
    turn = turn.then(step);
    return turn;
  };
  const catchUp = async () => {
    const enough = new AbortController();
    const waited = sleep(PATIENCE_MS, undefined, { signal: enough.signal, ref: false }).catch(() => {});
    await Promise.race([next(), waited]);
    enough.abort();
  };
  void (async () => {
    while (!over.signal.aborted) {
      await sleep(options.everyMs ?? EVERY_MS, undefined, { signal: over.signal, ref: false }).catch(
        () => {},
      );
      if (!over.signal.aborted) await next();
    }
  })();
  return {
    catchUp,
    async end(lost) {
      if (!lost.aborted) await catchUp();
      over.abort();
    },
  };
}

/** False when there is nothing to copy. Whole lines, so that no character is cut. */
async function copyPiece(
  { file, runId, attempt, fleet }: LogCopyOptions,
  place: { read: number; copied: number },
): Promise<boolean> {
  const bytes = await readPiece(file, place.read, PIECE_BYTES);
  const whole = bytes === null ? 0 : bytes.lastIndexOf(10) + 1;
  if (bytes === null || whole === 0) return false;
  const text = bytes.toString("utf8", 0, whole);
  await fleet.appendLog({ runId, attempt, at: place.copied, text });
  place.read += whole;
  // Not `whole`: a full disk may have cut a character, which is replaced by one of another length.
  place.copied += Buffer.byteLength(text);
  return true;
}
