/**
 * Copies of logs, in pieces as they came. Kept as bytes: offsets are bytes, and a log may hold what PostgreSQL's text
 * cannot. One worker writes the log of an attempt; many processes read it.
 */
import type { Fleet } from "../store.ts";
import type { Connection } from "./connection.ts";

const MOST_AT_ONCE = 1024 * 1024;
const OF_ATTEMPT = "run_id = $1 and attempt = $2";

interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

export function logs(db: Connection): Pick<Fleet, "appendLog" | "readLog"> {
  return {
    async appendLog({ runId, attempt, at, text }) {
      const bytes = Buffer.from(text, "utf8");
      await db.transaction(async (transaction) => {
        if (at === 0) await transaction.run(`delete from log_pieces where ${OF_ATTEMPT}`, runId, attempt);
        const last = `select at + length(bytes) as value from log_pieces where ${OF_ATTEMPT} order by at desc limit 1`;
        const end = (await transaction.get<{ value: number }>(last, runId, attempt))?.value ?? 0;
        if (at > end) {
          throw new Error(
            `keeping the log of run ${runId}: what comes at byte ${at} does not follow byte ${end}`,
          );
        }
        const fresh = bytes.subarray(end - at);
        if (fresh.length === 0 && at > 0) return;
        const sql = "insert into log_pieces values ($1, $2, $3, $4) on conflict do nothing";
        await transaction.run(sql, runId, attempt, end, fresh);
      });
    },
    async readLog(runId, attempt, from) {
      const pieces = await db.all<Piece>(
        `select at, bytes from log_pieces where ${OF_ATTEMPT} and at < $3::bigint + ${MOST_AT_ONCE} and at >= coalesce(
           (select max(at) from log_pieces where ${OF_ATTEMPT} and at <= $3), 0) order by at`,
        runId,
        attempt,
        from,
      );
      const [first] = pieces;
      if (!first) return null;
      return whole(Buffer.concat(pieces.map(({ bytes }) => bytes)).subarray(Math.max(0, from - first.at)));
    },
  };
}

/** Without a character that is cut off at the end of a long answer; it comes with the next one. */
function whole(bytes: Buffer): string {
  if (bytes.length <= MOST_AT_ONCE) return bytes.toString("utf8");
  let end = MOST_AT_ONCE;
  while (isContinuation(bytes[end])) end -= 1;
  return bytes.toString("utf8", 0, end);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
