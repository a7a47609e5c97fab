import assert from "node:assert/strict";
import { test } from "node:test";
import { load, problemsOf } from "./load-with.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test("without the section, what is old is removed, and logs by their size too", () => {
  assert.deepEqual(load("").housekeeping, {
    everyMs: HOUR,
    workspaces: { ageMs: 7 * DAY, bytes: null },
    mirrors: { ageMs: 30 * DAY, bytes: null },
    logs: { ageMs: 30 * DAY, bytes: 1024 ** 3 },
    deliveriesMs: 30 * DAY,
  });
});

test("ages and sizes are taken as written, and none is no limit", () => {
  const yaml =
    "housekeeping: {every: 10m, workspaces: {age: none, size: 20g}, logs: {size: none}, deliveries: {age: none}}";
  assert.deepEqual(load(yaml).housekeeping, {
    everyMs: HOUR / 6,
    workspaces: { ageMs: null, bytes: 20 * 1024 ** 3 },
    mirrors: { ageMs: 30 * DAY, bytes: null },
    logs: { ageMs: 30 * DAY, bytes: null },
    deliveriesMs: null,
  });
});

test("ages that would remove what is still of use are refused", () => {
  assert.deepEqual(
    problemsOf(
      "housekeeping:\n  every: 10s\n  deliveries: {age: 3d}\n  logs: {age: 30, size: 12}\n  mirrors: {age: 20000d}",
    ),
    [
      "2:10 housekeeping.every is shorter than 1m (a duration from 1m)",
      "3:21 housekeeping.deliveries.age is shorter than 4d (an age from 4d on such as 12d, or none)",
      "4:15 housekeeping.logs.age has no unit; write 30d for days or 30h for hours (an age from 1h on such as 12d, or none)",
      "4:25 housekeeping.logs.size has no unit; write 12m for mebibytes or 12g for gibibytes (a size such as 512m or 20g, or none)",
      "5:18 housekeeping.mirrors.age is longer than 3650d (an age from 1h on such as 12d, or none)",
    ],
  );
});

test("lease, loss and catching up have defaults and limits", () => {
  const { leaseMs, lost, catchUpMs } = load("");
  assert.deepEqual([leaseMs, lost, catchUpMs], [30_000, "restart", 300_000]);
  const other = load("dispatch: {lease: 2m, lost: fail, catch_up: never}");
  assert.deepEqual([other.leaseMs, other.lost, other.catchUpMs], [120_000, "fail", null]);
  assert.deepEqual(problemsOf("dispatch: {lease: 5s, lost: stop, catch_up: 5s}"), [
    "1:19 dispatch.lease is shorter than 10s (a duration from 10s)",
    '1:29 dispatch.lost "stop" is not one of them (restart or fail)',
    "1:45 dispatch.catch_up is shorter than 30s (a duration from 30s, or never)",
  ]);
});
