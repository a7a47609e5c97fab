import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { settle } from "../store/contract/harness.ts";
import { A_DAY, DAY, KEEP_ALL, openStage } from "./stage.ts";

const until = async (holds: () => boolean | Promise<boolean>) => {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 1000, "it never came");
    await sleep(10);
  }
};

test("a round tells in one line what it removed, and nothing when that is nothing", async (t) => {
  const stage = await openStage(t);
  await stage.run("completed", 1);
  await stage.once();
  assert.equal(stage.lines.length, 0);
  stage.clock.now += 2 * DAY;
  stage.config = { ...A_DAY, deliveriesMs: null };
  const freed = await stage.once();
  assert.equal(stage.lines.length, 1);
  assert.match(
    stage.lines[0]?.msg ?? "",
    /^housekeeping removed 1 workspace \(\d.*B\), 1 mirror \(.*B\), 1 log \(5 B\)$/,
  );
  assert.deepEqual(stage.lines[0]?.workspaces, freed.workspaces);
});

test("settled deliveries are forgotten batch by batch, until none is left", async (t) => {
  const stage = await openStage(t);
  for (let n = 0; n < 501; n++) await settle(stage.store, []);
  stage.clock.now += DAY + 1;
  await settle(stage.store, []);
  const { deliveries } = await stage.once();
  assert.equal(deliveries?.count, 501);
  assert.deepEqual((await stage.once()).deliveries, undefined);
});

test("rounds come again and again until told to end, each with the settings of its time", async (t) => {
  const stage = await openStage(t);
  const run = await stage.run("completed", 1);
  stage.config = { ...KEEP_ALL, everyMs: 5 };
  const end = new AbortController();
  const working = stage.housekeeping.ofThisMachine(end.signal);
  const leading = stage.housekeeping.ofTheStore(end.signal);
  stage.clock.now += 2 * DAY;
  stage.config = { ...A_DAY, everyMs: 5 };
  await until(() => stage.lines.some(({ msg }) => msg.includes("1 workspace ")));
  await until(() => stage.lines.some(({ msg }) => /\d deliver(y|ies)/.test(msg)));
  const second = await stage.run("completed", 2);
  assert.notEqual(second.id, run.id);
  stage.clock.now += 2 * DAY;
  await until(() => stage.lines.filter(({ msg }) => msg.includes("1 workspace ")).length === 2);
  end.abort();
  await Promise.all([working, leading]);
});

test("a round that fails is told, and the next one goes on", async (t) => {
  const stage = await openStage(t);
  await stage.run("completed", 1);
  stage.clock.now += 2 * DAY;
  stage.config = { ...A_DAY, everyMs: 5 };
  const forget = stage.store.forget.bind(stage.store);
  let failures = 2;
  stage.store.forget = async (before, limit) => {
    if (failures-- > 0) throw new Error("no connection");
    return await forget(before, limit);
  };
  const end = new AbortController();
  const leading = stage.housekeeping.ofTheStore(end.signal);
  await until(() => stage.lines.some(({ msg }) => msg.startsWith("housekeeping removed")));
  end.abort();
  await leading;
  const warnings = stage.lines.filter(({ level }) => level === 40);
  assert.deepEqual(
    warnings.map(({ reason }) => reason),
    ["no connection", "no connection"],
  );
});

test("what cannot be asked about stays, is told, and does not keep the rest", async (t) => {
  const stage = await openStage(t);
  await stage.run("completed", 1);
  await mkdir(join(stage.room.root, "local/acme/other/task-9/repo"), { recursive: true });
  stage.clock.now += 2 * DAY;
  const active = stage.store.activeRun.bind(stage.store);
  stage.store.activeRun = async (repo, issue) => {
    if (repo.name === "other") throw new Error("no connection");
    return await active(repo, issue);
  };
  const freed = await stage.once();
  assert.equal(freed.workspaces?.count, 1);
  assert.equal(stage.lines.filter(({ msg }) => msg.startsWith("housekeeping could not")).length, 1);
});
