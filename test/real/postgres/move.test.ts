/** `migrate-store` as an admin runs it: a SQLite installation with everything in it, moved, and served from there. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { moveToPostgres } from "../../../src/compose/move-to-postgres.ts";
import type { Config } from "../../../src/config/config.ts";
import { holdDataFolder } from "../../../src/store/data-folder.ts";
import { openPostgresStore } from "../../../src/store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";
import { startBot } from "../../journeys/bot.ts";
import { answer, answers, finalAnswer, openDesk, say } from "../../journeys/person.ts";
import {
  claim,
  comment,
  delivery,
  endedRun,
  enqueue,
  LEASE_MS,
  NO_CAPS,
} from "../../store/contract/harness.ts";
import { databaseUrl, sql } from "./server.ts";

async function emptyDatabase(t: TestContext): Promise<string> {
  const server = new URL(await databaseUrl());
  const name = `moved_${randomUUID().slice(0, 8)}`;
  await sql(server.href, `create database ${name}`);
  t.after(() => sql(server.href, `drop database ${name} with (force)`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function dataFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "move-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const settings = (dataDir: string, databaseUrl: string | null) => ({ dataDir, databaseUrl }) as Config;
const quiet = () => {};
const openOld = (dir: string) =>
  openSqliteStore({ file: join(dir, "dispatch.sqlite"), now: Date.now, newId: randomUUID });

/** Runs of all kinds, and deliveries and effects still to be done. Returns ids in the order of the queue. */
async function fill(store: Store): Promise<readonly string[]> {
  for (const state of ["completed", "failed", "blocked", "cancelled"] as const) await endedRun(store, state);
  await enqueue(store, { agent: "claude" });
  await claim(store);
  const low = await enqueue(store);
  const high = await enqueue(store, { priority: 5 });
  const other = await enqueue(store);
  await store.addEffects([comment("one"), comment("two"), comment("three", 2)]);
  const [first] = await store.takeEffects(["github"], 1, 1);
  await store.confirmEffect(first?.id ?? "", null);
  await store.receive(delivery("waiting"));
  await store.setBookmark("catch-up:github", "here");
  await store.pausePool("gemini", Date.now() + 3_600_000);
  return [high, low, other];
}

test("everything of a SQLite store is in PostgreSQL after the move, in its order", async (t) => {
  const [dir, url] = [await dataFolder(t), await emptyDatabase(t)];
  const old = await openOld(dir);
  const queue = await fill(old);
  const runs = await old.runs({});
  const events = await Promise.all(runs.map(({ id }) => old.events(id)));
  const pools = await old.pools();
  await old.close();
  const moved = await moveToPostgres(settings(dir, url), quiet);
  assert.equal(moved.runs, runs.length);
  assert.equal(existsSync(join(dir, "dispatch.sqlite")), false);
  const store = await openPostgresStore({ url, newId: randomUUID });
  t.after(() => store.close());
  assert.deepEqual(await store.runs({}), runs);
  assert.deepEqual(await Promise.all(runs.map(({ id }) => store.events(id))), events);
  assert.deepEqual(await store.pools(), pools);
  assert.equal(await store.bookmark("catch-up:github"), "here");
  assert.deepEqual(
    (await store.nextDeliveries(10)).map(({ id, body }) => [id, body]),
    [["waiting", '{"id":"waiting"}']],
  );
  assert.deepEqual(
    (await store.takeEffects(["github"], 10, 60_000)).map(({ key }) => key),
    ["two", "three"],
  );
  for (const id of queue) assert.equal((await store.claim("w", NO_CAPS, LEASE_MS))?.run.id, id);
  assert.equal(await store.claim("w", NO_CAPS, LEASE_MS), null);
});

test("a move that was interrupted after its commit is finished by the next call, and copies nothing twice", async (t) => {
  const [dir, url] = [await dataFolder(t), await emptyDatabase(t)];
  const old = await openOld(dir);
  await fill(old);
  await old.close();
  const first = await moveToPostgres(settings(dir, url), quiet);
  await rename(first.aside, join(dir, "dispatch.sqlite"));
  assert.deepEqual(await moveToPostgres(settings(dir, url), quiet), first);
  await assert.rejects(moveToPostgres(settings(dir, url), quiet), /moved before/);
});

test("a move is refused while the server runs, into a database with other runs, and without an address", async (t) => {
  const [dir, url] = [await dataFolder(t), await emptyDatabase(t)];
  const old = await openOld(dir);
  await enqueue(old);
  await old.close();
  await assert.rejects(moveToPostgres(settings(dir, null), quiet), /DATABASE_URL is not set/);
  const server = await holdDataFolder(dir, "server");
  await assert.rejects(moveToPostgres(settings(dir, url), quiet), /in use by process/);
  server.release();
  const other = await openPostgresStore({ url, newId: randomUUID });
  await enqueue(other);
  await other.close();
  await assert.rejects(moveToPostgres(settings(dir, url), quiet), /not empty/);
  assert.ok(existsSync(join(dir, "dispatch.sqlite")));
});

test("a running agent is adopted after the move, and its work answered once", async (t) => {
  const [dir, url] = [await dataFolder(t), await emptyDatabase(t)];
  const world = await startLocalForgeWorld();
  t.after(() => world.close());
  const first = await startBot(world, { dataDir: dir });
  const desk = await openDesk(world, ["until go", "write a.txt a", "commit A"]);
  await say(desk, "/dispatch");
  await answer(desk, /\*\*Running/);
  await first.leave();
  await moveToPostgres(settings(dir, url), quiet);
  const second = await startBot(world, { dataDir: dir, change: (c) => ({ ...c, databaseUrl: url }) });
  t.after(() => second.close());
  const [run] = await second.app.store.runs({ states: ["running"] });
  await writeFile(`${run?.workspace?.dir}/repo/go`, "");
  await finalAnswer(desk, /pull request/i);
  assert.equal((await second.app.store.run(run?.id ?? ""))?.attempt, 1);
  assert.equal((await answers(desk)).length, 2);
});
