import assert from "node:assert/strict";
import { test } from "node:test";
import { nextMark, type Round } from "../../../src/forges/github/round.ts";
import { lookSince } from "./connect.ts";

const EARLIER = "2026-01-01T11:00:00.000Z";
const SINCE = "2026-01-01T12:00:00.000Z";

/** At its end, with so many repositories that failed, the first of them before. */
function roundWith(failed: number): Round {
  const names = Array.from({ length: failed }, (_, n) => `acme/${n}`);
  return {
    ask: () => Promise.reject(new Error("nothing is asked here")),
    look: lookSince(null),
    mark: { since: SINCE, rest: null, repositories: {}, entries: [] },
    began: "2026-01-01T13:00:00.000Z",
    repositories: new Map(names.map((name) => [name, { forge: "github", owner: "acme", name }])),
    self: 1,
    etags: new Map(),
    again: new Map([["acme/left", EARLIER], ...names.map((name, n) => [name, n ? SINCE : EARLIER] as const)]),
    happened: [],
    troubles: new Set(),
    isEnough: () => false,
  };
}

test("repositories that failed are noted, but for those that are the bot's no more", () => {
  const { since, repositories } = nextMark(roundWith(2), null);
  assert.equal(since, "2026-01-01T12:58:00.000Z");
  assert.deepEqual(repositories, { "acme/0": EARLIER, "acme/1": SINCE });
});

test("when more failed than can be noted, the next round begins where the first of them failed", () => {
  const { since, repositories, rest } = nextMark(roundWith(201), null);
  assert.deepEqual({ since, repositories, rest }, { since: EARLIER, repositories: {}, rest: null });
});

test("in the middle of a round all that failed is noted", () => {
  const { since, repositories, rest } = nextMark(roundWith(201), { from: "acme/7", within: null });
  assert.deepEqual([since, Object.keys(repositories).length], [SINCE, 201]);
  assert.deepEqual(rest, { began: "2026-01-01T13:00:00.000Z", from: "acme/7", within: null });
});
