import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clockOf,
  endsLook,
  firstCursor,
  isGone,
  nextCursor,
  readMark,
} from "../../../src/forges/github/look.ts";
import { ForgeError } from "../../../src/model/errors.ts";
import { lookSince } from "./connect.ts";

const NOON = Date.parse("2026-01-01T12:00:00Z");
const any = () => true;

test("the next look begins a little before the last one began", () => {
  const mark = readMark(firstCursor(NOON), any);
  assert.deepEqual(mark, { since: "2026-01-01T12:00:00.000Z", rest: null });
  assert.ok(mark);
  const next = nextCursor(mark, "2026-01-01T12:30:00.000Z", null);
  assert.deepEqual(readMark(next, any), { since: "2026-01-01T12:28:00.000Z", rest: null });
});

test("after a look that was not through, the beginning stays", () => {
  const mark = { since: "2026-01-01T12:00:00.000Z", rest: null };
  const rest = { began: "2026-01-01T12:30:00.000Z", from: "acme/app" };
  const next = nextCursor(mark, rest.began, rest.from);
  assert.deepEqual(readMark(next, any), { ...mark, rest });
  assert.deepEqual(
    readMark(next, () => false),
    mark,
    "a rest of the other kind of look is begun anew",
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
  for (const one of [error(401, false), error(0, true), error(429, true), error(403, true, 5)]) {
    assert.deepEqual([endsLook(one, look), isGone(one)], [true, false]);
  }
  for (const one of [error(404, false), error(403, false), error(410, false)]) {
    assert.deepEqual([endsLook(one, look), isGone(one)], [false, true]);
  }
  assert.deepEqual([endsLook(error(502, true), look), isGone(error(502, true))], [false, false]);
  assert.equal(endsLook(error(502, true), { ...look, signal: AbortSignal.abort() }), true);
});
