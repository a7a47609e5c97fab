import assert from "node:assert/strict";
import fs, {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createTrash } from "../../src/workspace/trash.ts";

const on = new AbortController().signal;
const HOUR = 3_600_000;

async function yard(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "trash-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const root = join(dir, "root");
  const path = join(root, "a", "thing");
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "file"), "text");
  const warnings: string[] = [];
  const open = (later = 0) =>
    createTrash({ root, now: () => Date.now() + later, warn: (text) => warnings.push(text) });
  const left = async () => await readdir(join(root, ".trash")).catch(() => []);
  return { dir, root, path, open, left, warnings };
}

const isThere = async (path: string) => (await lstat(path).catch(() => null)) !== null;

test("what is taken is gone at once, and deleted later", async (t) => {
  const { path, open, left, warnings } = await yard(t);
  const trash = open();
  const aside = await trash.take(path);
  assert.ok(!(await isThere(path)));
  assert.ok(((await aside?.destroy()) ?? 0) > 0);
  assert.deepEqual([await left(), warnings], [[], []]);
  assert.equal(await trash.take(path), null);
});

test("what is put back is as it was, unless something stands in its place", async (t) => {
  const { path, open, left } = await yard(t);
  const trash = open();
  assert.equal(await (await trash.take(path))?.putBack(), true);
  assert.equal(await readFile(join(path, "file"), "utf8"), "text");
  const aside = await trash.take(path);
  await mkdir(path);
  assert.equal(await aside?.putBack(), false);
  assert.deepEqual(await readdir(path), []);
  await aside?.destroy();
  assert.deepEqual(await left(), []);
});

test("a folder that may not be written to is taken all the same", async (t) => {
  const { root, path, open } = await yard(t);
  const stubborn = join(root, "a", "stubborn");
  await mkdir(stubborn, { mode: 0o500 });
  const trash = open();
  await (await trash.take(stubborn))?.destroy();
  assert.ok(!(await isThere(stubborn)));
  assert.ok(await isThere(path));
});

test("what a crash left is swept up, but not what was moved aside just now", async (t) => {
  const { path, open, left } = await yard(t);
  await open().take(path);
  assert.equal((await left()).length, 1);
  assert.deepEqual(await open().sweep(on), { count: 0, bytes: 0 });
  const { count, bytes } = await open(HOUR).sweep(on);
  assert.equal(count, 1);
  assert.ok(bytes > 0);
  assert.deepEqual(await left(), []);
});

test("a sweep leaves alone what this process holds aside", async (t) => {
  const { path, open } = await yard(t);
  const trash = open(HOUR);
  const aside = await trash.take(path);
  assert.equal((await trash.sweep(on)).count, 0);
  assert.equal(await aside?.putBack(), true);
});

test("nothing is taken from where a link leads", async (t) => {
  const { dir, root, open } = await yard(t);
  const others = join(dir, "others");
  await mkdir(join(others, "thing"), { recursive: true });
  await symlink(others, join(root, "link"));
  await assert.rejects(open().take(join(root, "link", "thing")), { message: /leads to/ });
  assert.ok(await isThere(join(others, "thing")));
});

/** A disk with room for what is there, and for no folder more. */
function fill(t: TestContext, code: string): () => void {
  const full = t.mock.method(fs, "mkdtemp", async () => {
    throw Object.assign(new Error(`${code}: no space left`), { code });
  });
  syncBuiltinESMExports();
  const end = () => {
    full.mock.restore();
    syncBuiltinESMExports();
  };
  t.after(end);
  return end;
}

for (const code of ["ENOSPC", "EDQUOT"]) {
  test(`on a full disk (${code}) things are taken, put back and deleted all the same`, async (t) => {
    const { path, open, left, warnings } = await yard(t);
    const trash = open();
    await trash.sweep(on);
    fill(t, code);
    assert.equal(await (await trash.take(path))?.putBack(), true);
    assert.equal(await readFile(join(path, "file"), "utf8"), "text");
    const aside = await trash.take(path);
    assert.ok(!(await isThere(path)));
    assert.equal((await left()).length, 1);
    assert.ok(((await aside?.destroy()) ?? 0) > 0);
    assert.deepEqual([await left(), warnings], [[], []]);
  });
}

test("what a crash left on a full disk is swept up, full or not, but not what was moved aside just now", async (t) => {
  for (const stillFull of [true, false]) {
    const { path, open, left } = await yard(t);
    await utimes(path, 1, 1);
    await open().sweep(on);
    const end = fill(t, "ENOSPC");
    await open().take(path);
    if (!stillFull) end();
    assert.deepEqual(await open().sweep(on), { count: 0, bytes: 0 });
    assert.equal((await left()).length, 1);
    assert.equal((await open(HOUR).sweep(on)).count, 1);
    assert.deepEqual(await left(), []);
    end();
  }
});
