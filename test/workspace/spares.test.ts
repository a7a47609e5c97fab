import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { git, writeFiles } from "./remote.ts";
import { openRoom, type Room } from "./room.ts";

const spare = (room: Room) => join(room.root, ".spares/local/acme/shop/ready");

async function withSpare(room: Room) {
  await room.prepare(room.run({ id: "first", issue: { number: 1 } }));
  await room.workspaces.idle();
  await writeFiles(spare(room), { ".git/mark-of-the-spare": "" });
}

const isSpare = async (checkout: string) =>
  (await readdir(join(checkout, ".git"))).includes("mark-of-the-spare");

test("a run takes the spare, brought up to date, and another is made", async (t) => {
  const room = await openRoom(t, { spares: true });
  await withSpare(room);
  const sha = await room.remote.commit({ "new.txt": "new", "src/a.ts": "changed\n" }, "second");
  const { folders, workspace } = await room.prepare(room.run());
  assert.ok(await isSpare(folders.checkout));
  assert.equal(await git(folders.checkout, "rev-parse", "HEAD"), sha);
  assert.equal(await git(folders.checkout, "rev-parse", "--abbrev-ref", "HEAD"), workspace.branch);
  assert.equal(await git(folders.checkout, "status", "--porcelain"), "");
  assert.equal(await git(folders.checkout, "config", "user.email"), "bot@example.org");
  await room.workspaces.idle();
  assert.ok((await readdir(spare(room))).includes("README.md"));
  assert.ok(!(await isSpare(spare(room))));
  assert.deepEqual(room.warnings, []);
});

test("only one of two runs gets the spare; both get a checkout", async (t) => {
  const room = await openRoom(t, { spares: true });
  await withSpare(room);
  const runs = [2, 3].map((number) => room.run({ id: `run-${number}`, issue: { number } }));
  const prepared = await Promise.all(runs.map((run) => room.prepare(run)));
  const spares = await Promise.all(prepared.map(({ folders }) => isSpare(folders.checkout)));
  assert.deepEqual(spares.toSorted(), [false, true]);
  for (const { folders } of prepared) assert.equal(await git(folders.checkout, "status", "--porcelain"), "");
});

test("a broken spare is replaced by a fresh clone", async (t) => {
  const room = await openRoom(t, { spares: true });
  await withSpare(room);
  await rm(join(spare(room), ".git/HEAD"));
  const { folders } = await room.prepare(room.run());
  assert.ok(!(await isSpare(folders.checkout)));
  assert.equal(await git(folders.checkout, "status", "--porcelain"), "");
  assert.match(room.warnings.join(), /using the spare checkout of local\/acme\/shop/);
});

test("a spare is not used when the rules for line ends have changed since it was written", async (t) => {
  const room = await openRoom(t, { spares: true });
  await withSpare(room);
  await room.remote.commit({ "src/.gitattributes": "* text eol=crlf\n" }, "Windows");
  const { folders } = await room.prepare(room.run());
  assert.ok(!(await isSpare(folders.checkout)));
  assert.equal(await readFile(join(folders.checkout, "src/a.ts"), "utf8"), "a\r\n");
});

test("a spare whose making a crash cut short is made again, and never used", async (t) => {
  const room = await openRoom(t, { spares: true });
  const place = join(room.root, ".spares/local/acme/shop/.unfinished");
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "half"), "");
  const { folders } = await room.prepare(room.run());
  assert.ok(!(await readdir(folders.checkout)).includes("half"));
  await room.workspaces.idle();
  assert.deepEqual((await readdir(spare(room))).sort(), [".git", "README.md", "src"]);
});

test("without spares none are made", async (t) => {
  const room = await openRoom(t);
  await room.prepare(room.run());
  await room.workspaces.idle();
  assert.ok(!(await readdir(room.root)).includes(".spares"));
});
