import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogPiece, Store } from "../../../src/store/store.ts";
import { fleetOf } from "./fleet.ts";
import { claim, endedRun, enqueue, type Open, on } from "./harness.ts";

const DAY = 86_400_000;

const piece = (at: number, text: string, runId = "r", attempt = 1): LogPiece => ({
  runId,
  attempt,
  at,
  text,
});

async function append(store: Store, ...pieces: readonly LogPiece[]): Promise<void> {
  for (const one of pieces) await fleetOf(store).appendLog(one);
}

export function logContract(open: Open): void {
  test(
    "a log is read by every process from any byte on, and there is none of an attempt that wrote none",
    on(open, async ({ store, reopen }) => {
      const other = fleetOf(await reopen());
      assert.equal(await other.readLog("r", 1, 0), null);
      await append(store, piece(0, "größe\n"), piece(8, "\u{1F680}\0 end"));
      assert.equal(await other.readLog("r", 1, 0), "größe\n\u{1F680}\0 end");
      assert.equal(await other.readLog("r", 1, 8), "\u{1F680}\0 end");
      assert.equal(await other.readLog("r", 1, 12), "\0 end");
      assert.equal(await other.readLog("r", 1, 17), "");
      assert.equal(await other.readLog("r", 1, 99), "");
      assert.equal(await other.readLog("r", 2, 0), null);
    }),
  );

  test(
    "a piece that is there already is ignored, and of one that is there in part the rest is kept",
    on(open, async ({ store }) => {
      await append(
        store,
        piece(0, "abc"),
        piece(3, "def"),
        piece(3, "def"),
        piece(3, "xy"),
        piece(4, "efgh"),
      );
      assert.equal(await fleetOf(store).readLog("r", 1, 0), "abcdefgh");
    }),
  );

  test(
    "a piece at 0 begins the log of its attempt anew, and of no other",
    on(open, async ({ store }) => {
      await append(store, piece(0, "first"), piece(5, " more"), piece(0, "second try", "r", 2));
      await append(store, piece(0, "again"));
      assert.equal(await fleetOf(store).readLog("r", 1, 0), "again");
      assert.equal(await fleetOf(store).readLog("r", 2, 0), "second try");
    }),
  );

  test(
    "a piece that leaves a gap is refused, so that nobody reads a log that was never written",
    on(open, async ({ store }) => {
      await append(store, piece(0, "abc"));
      await assert.rejects(fleetOf(store).appendLog(piece(4, "e")), /does not follow/);
      assert.equal(await fleetOf(store).readLog("r", 1, 0), "abc");
    }),
  );

  test(
    "a long log comes in parts of about a megabyte that put together are the whole, no letter cut",
    on(open, async ({ store }) => {
      const text = "ö\u{1F680}x".repeat(100_000);
      const bytes = Buffer.from(text);
      let at = 0;
      for (let n = 0; n < 4; n++) {
        await append(store, piece(at, text));
        at += bytes.length;
      }
      const parts: string[] = [];
      for (let from = 0; ; ) {
        const part = await fleetOf(store).readLog("r", 1, from);
        if (!part) break;
        parts.push(part);
        from += Buffer.byteLength(part);
      }
      assert.ok(parts.join("") === text.repeat(4));
      assert.ok(parts.length >= 3 && parts.every((part) => Buffer.byteLength(part) <= 1024 * 1024));
    }),
  );

  test(
    "logs of runs that ended before a time are forgotten whole, those of others are not",
    on(open, async ({ store, clock }) => {
      const fleet = fleetOf(store);
      const { id: old } = await endedRun(store, "failed");
      const { id: blocked } = await endedRun(store, "blocked");
      for (const attempt of [1, 2])
        await append(store, piece(0, "a", old, attempt), piece(1, "b", old, attempt));
      clock.now += DAY;
      const { id: late } = await endedRun(store, "completed");
      const working = await enqueue(store);
      await claim(store);
      await append(store, ...[blocked, late, working].map((id) => piece(0, "x", id)));
      assert.equal((await store.forget(clock.now, 1)).logs, 1);
      assert.equal((await store.forget(clock.now, 9)).logs, 1);
      assert.equal(await fleet.readLog(old, 1, 0), null);
      assert.equal(await fleet.readLog(old, 2, 0), null);
      for (const id of [blocked, late, working]) assert.equal(await fleet.readLog(id, 1, 0), "x");
      clock.now += DAY;
      assert.equal((await store.forget(clock.now, 9)).logs, 1);
      assert.equal(await fleet.readLog(late, 1, 0), null);
    }),
  );

  test(
    "beyond a size the logs of the runs that ended first go, and those of runs at work stay and take their room",
    on(open, async ({ store, clock }) => {
      const fleet = fleetOf(store);
      const runs: string[] = [];
      for (const n of [1, 2, 3]) {
        clock.now += DAY;
        runs.push((await endedRun(store, "failed")).id);
        await append(store, piece(0, `${n}`.repeat(100), runs.at(-1)));
      }
      const working = await enqueue(store);
      await claim(store);
      await append(store, piece(0, "w".repeat(100), working));
      const there = async () => {
        const logs = await Promise.all([...runs, working].map((id) => fleet.readLog(id, 1, 0)));
        return logs.map((log) => log?.[0] ?? "-").join("");
      };
      const gone = async (limit: number, logBytes?: number | null) =>
        (await store.forget(0, limit, logBytes)).logs;
      assert.deepEqual([await gone(9), await gone(9, null), await gone(9, 400)], [0, 0, 0]);
      assert.equal(await gone(1, 250), 1);
      assert.equal(await there(), "-23w");
      assert.equal(await gone(9, 250), 1);
      assert.equal(await gone(9, 250), 0);
      assert.equal(await there(), "--3w");
      assert.equal(await gone(9, 1), 1);
      assert.equal(await there(), "---w");
    }),
  );
}
