import assert from "node:assert/strict";
import { test } from "node:test";
import {
  before,
  clockOf,
  cursorOf,
  endsLook,
  firstCursor,
  isGone,
  readMark,
  troubleOf,
} from "../../../src/forges/github/look.ts";
import { ForgeError } from "../../../src/model/errors.ts";
import { lookSince } from "./connect.ts";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const any = () => true;

const NONE = { repositories: {}, entries: [] };

test("the next look begins a little before the last one began", () => {
  const mark = readMark(firstCursor(NOON), any);
  assert.deepEqual(mark, { since: "2026-01-01T12:00:00.000Z", rest: null, ...NONE });
  assert.equal(before("2026-01-01T12:30:00.000Z"), "2026-01-01T12:28:00.000Z");
});

test("a rest of the other kind of look is begun anew, and what was noted is kept", () => {
  const since = "2026-01-01T12:00:00.000Z";
  const rest = { began: "2026-01-01T12:30:00.000Z", from: "acme/app", within: null };
  const mark = { since, rest, ...NONE, repositories: { "acme/b": since } };
  assert.deepEqual(readMark(cursorOf(mark), any), mark);
  assert.deepEqual(
    readMark(cursorOf(mark), () => false),
    { ...mark, rest: null },
  );
});

test("a cursor of another kind is as good as none", () => {
  for (const cursor of [null, "", "{", "17", '{"since":"yesterday"}'])
    assert.equal(readMark(cursor, any), null);
});

test("the time is GitHub's, and ours only when it tells none", () => {
  const look = { ...lookSince(null), now: 5 };
  assert.equal(clockOf({ date: "Thu, 01 Jan 2026 12:00:00 GMT" }, look), NOON);
  assert.equal(clockOf({}, look), 5);
});

test("what would fail the same way everywhere ends a look; what is gone does not", () => {
  const look = lookSince(null);
  const error = (status: number, retryable: boolean, wait: number | null = null) =>
    new ForgeError("x: y", status, retryable, wait);
  for (const one of [error(401, false), error(429, true), error(403, true, 5)]) {
    assert.deepEqual([endsLook(one, look), isGone(one)], [true, false]);
  }
  for (const one of [error(404, false), error(403, false), error(410, false)]) {
    assert.deepEqual([endsLook(one, look), isGone(one)], [false, true]);
  }
  for (const one of [error(502, true), error(503, true, 5), error(0, true), new Error("odd")]) {
    assert.deepEqual([endsLook(one, look), isGone(one)], [false, false]);
  }
  assert.equal(endsLook(error(502, true), { ...look, signal: AbortSignal.abort() }), true);
});

test("of many troubles some are told, and how many more there are", () => {
  assert.equal(troubleOf(new Set()), null);
  assert.equal(troubleOf(new Set(["a", "b"])), "a; b");
  assert.equal(troubleOf(new Set(["a", "b", "c", "d", "e"])), "a; b; c; and 2 more");
});
