import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords, something } from "../../src/housekeeping/freed.ts";

test("what was removed is told by kind, count and size", () => {
  const freed = {
    workspaces: { count: 2, bytes: 1_512_345_678 },
    mirrors: { count: 0, bytes: 0 },
    logs: { count: 1, bytes: 999 },
    leftovers: { count: 3, bytes: 12_345 },
    deliveries: { count: 310, bytes: 0 },
  };
  assert.equal(
    inWords(something(freed)),
    "2 workspaces (1.5 GB), 1 log (999 B), 3 leftovers (12 kB), 310 deliveries",
  );
});
