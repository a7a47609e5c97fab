import assert from "node:assert/strict";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Holding, HoldingKind } from "../../src/workspace/holdings.ts";
import { git, writeFiles } from "./remote.ts";
import { openRoom, type Room } from "./room.ts";

const on = new AbortController().signal;
const yes = async () => true;
const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;
const listed = async (room: Room, kind: HoldingKind) =>
  (await room.workspaces.holdings.list(kind)).map(({ path }) => path.slice(room.dir.length + 1));

/** A run that has worked and whose work was collected. */
async function worked(t: TestContext, options: Parameters<typeof openRoom>[1] = {}) {
  const room = await openRoom(t, options);
  const run = room.run();
  const prepared = await room.prepare(run);
  await writeFiles(prepared.folders.checkout, { "new.txt": "new" });
  await room.collect(run, prepared);
  await room.workspaces.idle();
  const { holdings } = room.workspaces;
  const only = async (kind: HoldingKind): Promise<Holding> => {
    const [found, ...more] = await holdings.list(kind);
    assert.ok(found && more.length === 0);
    return found;
  };
  return { room, run, prepared, holdings, only };
}

test("workspaces, spares and mirrors are found by their places", async (t) => {
  const { room, only } = await worked(t, { spares: true });
  assert.deepEqual(await listed(room, "workspace"), ["workspace/local/acme/shop/task-15"]);
  assert.deepEqual(await listed(room, "spare"), ["workspace/.spares/local/acme/shop"]);
  assert.deepEqual(await listed(room, "mirror"), ["mirrors/local/acme/shop.git"]);
  assert.deepEqual(await listed(room, "collected"), []);
  const { repo, folder } = await only("workspace");
  assert.deepEqual([repo, folder], [room.remote.repo, "task-15"]);
});

test("a workspace goes with what was collected of it, and then its mirror may", async (t) => {
  const { room, run, holdings, only } = await worked(t);
  const [workspace, mirror] = [await only("workspace"), await only("mirror")];
  assert.equal(await holdings.discard(mirror, yes, on), null, "it was needed");
  const size = await holdings.size(workspace, on);
  const freed = await holdings.discard(workspace, yes, on);
  assert.ok(freed !== null && freed > 0 && Math.abs(freed - size) < 64 * 1024, `${freed} of ${size}`);
  assert.ok(!(await isThere(workspace.path)));
  assert.deepEqual(await readdir(join(room.mirrors, "local/acme/shop")), []);
  const pins = await git(mirror.path, "for-each-ref", "refs/runs");
  assert.equal(pins, "", "the run's commit is kept no longer");
  assert.ok(((await holdings.discard(mirror, yes, on)) ?? 0) > 0);
  assert.ok(!(await isThere(mirror.path)));
  const again = await room.prepare(run, { keep: true });
  assert.equal(again.kept, false);
  assert.equal(await git(again.folders.checkout, "status", "--porcelain"), "");
});

test("what is of use stays, also when that is seen only once it is moved aside", async (t) => {
  const { room, run, holdings, only } = await worked(t);
  const workspace = await only("workspace");
  assert.equal(await holdings.discard(workspace, async () => false, on), null);
  let asked = 0;
  assert.equal(await holdings.discard(workspace, async () => ++asked === 1, on), null);
  assert.equal(asked, 2);
  let failing = 0;
  const broken = async () => {
    if (++failing === 2) throw new Error("no store");
    return true;
  };
  await assert.rejects(holdings.discard(workspace, broken, on), { message: "no store" });
  const kept = await room.prepare({ ...run, workspace: (await room.prepare(run)).workspace }, { keep: true });
  assert.equal(kept.kept, true);
  await room.workspaces.idle();
  assert.deepEqual(await readdir(join(room.root, ".trash")), []);
});

test("nothing of a repository goes while a run is prepared or previewed in it", async (t) => {
  const { room, run, holdings, only } = await worked(t);
  const workspace = await only("workspace");
  const tries: (number | null)[] = [];
  const preparing = room.prepare(run);
  const watching = (async () => {
    tries.push(await holdings.discard(workspace, yes, on));
  })();
  const prepared = await preparing;
  await watching;
  assert.deepEqual(tries, [null]);
  assert.ok(await isThere(prepared.folders.checkout));
});

test("a run that begins while its old workspace goes waits for that, and then has a whole new one", async (t) => {
  const { room, run, prepared, holdings, only } = await worked(t);
  await writeFiles(prepared.folders.checkout, { "old.txt": "old" });
  const workspace = await only("workspace");
  const asked = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<boolean>();
  const gone = holdings.discard(
    workspace,
    () => {
      asked.resolve();
      return decided.promise;
    },
    on,
  );
  await asked.promise;
  const next = room.prepare({ ...run, workspace: prepared.workspace }, { keep: true });
  decided.resolve(true);
  assert.ok((await gone) !== null);
  const { kept, folders } = await next;
  assert.equal(kept, false);
  assert.equal(await git(folders.checkout, "status", "--porcelain"), "");
  assert.ok(!(await isThere(join(folders.checkout, "old.txt"))));
});

test("links and strange names are none of ours", async (t) => {
  const { room, only } = await worked(t);
  const others = await mkdtemp(join(tmpdir(), "others-"));
  t.after(() => rm(others, { recursive: true, force: true }));
  await mkdir(join(others, "task-1", "repo"), { recursive: true });
  const shop = join(room.root, "local/acme/shop");
  await symlink(join(others, "task-1"), join(shop, "task-1"));
  await symlink(others, join(room.root, "local/acme/linked"));
  await symlink(others, join(room.mirrors, "local/acme/linked.git"));
  await mkdir(join(shop, "notes"));
  await mkdir(join(shop, "task-0x"));
  await mkdir(join(room.root, "lost+found/a/b/task-2"), { recursive: true });
  await writeFile(join(shop, "task-3"), "a file");
  await only("workspace");
  await only("mirror");
});

test("a hostile workspace goes without a trace and touches nothing outside", async (t) => {
  const { room, prepared, holdings, only } = await worked(t);
  const others = await mkdtemp(join(tmpdir(), "others-"));
  t.after(() => rm(others, { recursive: true, force: true }));
  await writeFile(join(others, "passwd"), "root");
  await rm(prepared.folders.checkout, { recursive: true });
  await symlink(others, prepared.folders.checkout);
  const marker = join(room.root, "local/acme/shop/task-15/.run");
  await rm(marker);
  await symlink("/dev/zero", marker);
  const workspace = await only("workspace");
  assert.ok((await holdings.size(workspace, on)) < 10_000_000);
  assert.ok(((await holdings.discard(workspace, yes, on)) ?? 0) > 0);
  assert.equal(await readFile(join(others, "passwd"), "utf8"), "root");
  assert.deepEqual(await readdir(join(room.root, "local/acme/shop")), []);
  assert.deepEqual(room.warnings, []);
});

test("what was collected is found when its workspace is gone, whatever a crash left of it", async (t) => {
  const { room, holdings, only } = await worked(t);
  await rm(join(room.root, "local/acme/shop/task-15"), { recursive: true });
  const place = join(room.mirrors, "local/acme/shop");
  await mkdir(join(place, "task-15.git.before.gone"));
  await mkdir(join(place, "task-16.git.before"));
  assert.deepEqual(await listed(room, "collected"), [
    "mirrors/local/acme/shop/task-15.git",
    "mirrors/local/acme/shop/task-16.git",
  ]);
  assert.equal(await holdings.discard(await only("mirror"), yes, on), null, "they borrow its objects");
  for (const one of await holdings.list("collected")) await holdings.discard(one, yes, on);
  assert.deepEqual(await readdir(place), []);
});

test("a mirror's age begins anew with each use, also when a fetch brings nothing", async (t) => {
  const { room, run, only } = await worked(t);
  const { path, touchedAt } = await only("mirror");
  await utimes(join(path, "HEAD"), 1, 1);
  assert.equal((await only("mirror")).touchedAt, 1000);
  await room.prepare(run);
  assert.equal((await only("mirror")).touchedAt, touchedAt);
});
