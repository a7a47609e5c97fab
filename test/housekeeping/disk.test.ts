import assert from "node:assert/strict";
import { lstat, mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeFiles } from "../workspace/remote.ts";
import { A_DAY, DAY, HOUR, KEEP_ALL, openStage, type Stage } from "./stage.ts";

const workspaces = async ({ room }: Stage) =>
  await readdir(join(room.root, "local/acme/shop")).catch(() => []);
const mirrors = async ({ room }: Stage) =>
  (await readdir(join(room.mirrors, "local/acme"))).filter((name) => name.endsWith(".git"));
const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;

test("workspace, mirror and log of an ended run go when they are old, and not a moment before", async (t) => {
  const stage = await openStage(t);
  await stage.run("completed", 1);
  stage.clock.now += DAY - HOUR;
  assert.deepEqual(await stage.once(), {});
  stage.clock.now += 2 * HOUR;
  const { workspaces: gone, mirrors: copies, logs } = await stage.once();
  assert.deepEqual([gone?.count, copies?.count, logs?.count], [1, 1, 1]);
  assert.ok((gone?.bytes ?? 0) > 1000);
  assert.deepEqual(
    [await workspaces(stage), await mirrors(stage), await readdir(stage.logsDir)],
    [[], [], []],
  );
});

test("nothing of a queued, working or blocked run goes, however old, and its mirror stays", async (t) => {
  const stage = await openStage(t);
  await stage.run("failed", 5);
  const kept = [await stage.run("blocked", 1), await stage.run("running", 2)];
  kept.push(await stage.run("preparing", 3), await stage.run("queued", 4));
  stage.config = { ...A_DAY, workspaces: { ageMs: DAY, bytes: 1 }, logs: { ageMs: DAY, bytes: 1 } };
  stage.clock.now += 400 * DAY;
  await stage.once();
  assert.deepEqual((await workspaces(stage)).sort(), ["task-1", "task-2", "task-3", "task-4"]);
  assert.deepEqual(await mirrors(stage), ["shop.git"]);
  const logs = kept.map(({ id }) => `${id}.1.log`).sort();
  assert.deepEqual((await readdir(stage.logsDir)).sort(), logs);
});

test("beyond their room the workspaces that ended first go, and running ones count", async (t) => {
  const stage = await openStage(t);
  for (const [at, state] of (["running", "completed", "failed", "cancelled"] as const).entries()) {
    stage.clock.now += HOUR;
    await stage.run(state, at + 1);
    await writeFiles(stage.dirFor(at + 1), { "repo/big": "x".repeat(3_000_000) });
  }
  stage.config = { ...KEEP_ALL, workspaces: { ageMs: null, bytes: 7_000_000 } };
  const { workspaces: gone } = await stage.once();
  assert.equal(gone?.count, 2);
  assert.deepEqual((await workspaces(stage)).sort(), ["task-1", "task-4"]);
});

test("an answer that comes while the round is under way keeps its workspace", async (t) => {
  const stage = await openStage(t);
  const run = await stage.run("failed", 1);
  stage.clock.now += 2 * DAY;
  const { store } = stage;
  const active = store.activeRun.bind(store);
  let asked = 0;
  store.activeRun = async (repo, issue) => {
    const found = await active(repo, issue);
    if (++asked === 1) {
      const delivery = { forge: "local", id: "retry", event: "x", body: "{}", receivedAt: 1 };
      await store.receive(delivery);
      const changes = [{ kind: "requeue", runId: run.id, answer: null } as const];
      assert.equal(await store.settle({ delivery, keys: ["retry"], changes, effects: [] }), "done");
    }
    return found;
  };
  assert.equal((await stage.once()).workspaces, undefined);
  assert.ok(asked >= 2, "asked again once it was moved aside");
  assert.ok(await isThere(join(stage.dirFor(1), "repo")));
});

test("what the store knows nothing of goes by its own age", async (t) => {
  const stage = await openStage(t);
  const stranger = stage.room.run({ id: "stranger", issue: { number: 77 } });
  await stage.room.prepare(stranger);
  await stage.room.workspaces.idle();
  assert.equal((await stage.once()).workspaces, undefined);
  stage.clock.now += DAY + HOUR;
  assert.equal((await stage.once()).workspaces?.count, 1);
});

test("the spare of a repository goes when the repository is used no more", async (t) => {
  const stage = await openStage(t, { spares: true });
  await stage.run("completed", 1);
  const spare = join(stage.room.root, ".spares/local/acme/shop/ready");
  await utimes(join(spare, ".."), 1, 1);
  await stage.once();
  assert.ok(await isThere(spare));
  stage.clock.now += DAY + HOUR;
  assert.equal((await stage.once()).workspaces?.count, 2);
  assert.ok(!(await isThere(spare)));
});

test("logs go by age and room with their parts, and other files are left alone", async (t) => {
  const stage = await openStage(t);
  const hoursAgo = async (name: string, hours: number, bytes: number) => {
    await writeFile(join(stage.logsDir, name), "x".repeat(bytes));
    const at = stage.clock.now / 1000 - hours * 3600;
    await utimes(join(stage.logsDir, name), at, at);
  };
  await hoursAgo("a.1.log", 30, 10);
  for (const name of ["b.1.log", "b.1.log.1", "b.1.log.2"]) await hoursAgo(name, 5, 10);
  await hoursAgo("c.12.log", 4, 10);
  for (const name of ["notes.txt", "a.log", ".b.1.log", "b.1.log.3"]) await hoursAgo(name, 99, 10);
  await mkdir(join(stage.logsDir, "d.1.log"));
  stage.config = { ...KEEP_ALL, logs: { ageMs: DAY, bytes: 15 } };
  assert.deepEqual((await stage.once()).logs, { count: 2, bytes: 40 });
  assert.deepEqual((await readdir(stage.logsDir)).sort(), [
    ".b.1.log",
    "a.log",
    "b.1.log.3",
    "c.12.log",
    "d.1.log",
    "notes.txt",
  ]);
});

test("logs go before anything that must be moved aside, for which a full disk may have no room", async (t) => {
  const stage = await openStage(t);
  await stage.run("completed", 1);
  stage.clock.now += DAY + HOUR;
  const logs: number[] = [];
  const { holdings } = stage.room.workspaces;
  const discard = holdings.discard.bind(holdings);
  holdings.discard = async (...args) => {
    logs.push((await readdir(stage.logsDir)).length);
    return await discard(...args);
  };
  await stage.once();
  assert.deepEqual(logs, [0, 0]);
});
