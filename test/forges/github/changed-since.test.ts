import assert from "node:assert/strict";
import { test } from "node:test";
import { type ListPage, PAGE, partSince } from "../../../src/forges/github/changed-since.ts";

const NOON = Date.parse("2026-01-01T12:00:00Z");
type Row = { readonly updated_at: string };

/** A list as GitHub gives it: what changed at or after the time, the oldest change first. */
function listOf(minutes: readonly number[], readable: (row: Row) => boolean = () => true): ListPage<Row> {
  return async (since, page) => {
    const all = minutes.map((one) => ({ updated_at: new Date(NOON + one * 60_000).toISOString() }));
    const fresh = all.filter((row) => Date.parse(row.updated_at) >= since);
    const shown = fresh.slice((page - 1) * PAGE, page * PAGE);
    return { rows: shown.filter(readable), size: shown.length };
  };
}

test("a page that is not full is the last", async () => {
  const { rows, until } = await partSince(listOf([0, 1, 2]), NOON + 60_000);
  assert.deepEqual([rows.length, until], [2, Number.POSITIVE_INFINITY]);
});

test("a full page goes until its last change", async () => {
  const minutes = Array.from({ length: 150 }, (_, n) => n);
  assert.equal((await partSince(listOf(minutes), NOON)).until, NOON + 99 * 60_000);
});

test("more than a page of one second is read on, so that the next part begins later", async () => {
  const minutes = Array.from({ length: 250 }, (_, n) => (n < 230 ? 0 : 1));
  const { rows, until } = await partSince(listOf([...minutes, ...minutes.map(() => 2)]), NOON);
  assert.deepEqual([rows.length, until], [300, NOON + 2 * 60_000]);
});

test("a full page of which nothing can be read is passed over", async () => {
  const minutes = Array.from({ length: 150 }, (_, n) => (n < 100 ? 0 : 1));
  const later = (row: Row) => Date.parse(row.updated_at) > NOON;
  const { rows, until } = await partSince(listOf(minutes, later), NOON);
  assert.deepEqual([rows.length, until], [50, Number.POSITIVE_INFINITY]);
});
