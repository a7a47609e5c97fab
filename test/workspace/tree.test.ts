import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, link, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { destroy, measure } from "../../src/workspace/tree.ts";

const on = new AbortController().signal;

/** A folder with the tree to delete at `x`, and a folder of someone else's beside it. */
async function plot(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "tree-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const [folder, others] = [join(dir, "grave"), join(dir, "others")];
  const tree = join(folder, "x");
  await mkdir(tree, { recursive: true });
  await mkdir(others);
  await writeFile(join(others, "precious"), "precious");
  return { folder, tree, others };
}

const isGone = async (path: string) => (await lstat(path).catch(() => null)) === null;

test("a tree is deleted with everything in it, and its bytes are told", async (t) => {
  const { folder, tree } = await plot(t);
  await mkdir(join(tree, "a/b/c"), { recursive: true });
  await writeFile(join(tree, "a/b/big"), Buffer.alloc(100_000, 1));
  const before = await measure(tree, on);
  const { bytes, error } = await destroy(folder, on);
  assert.deepEqual([error, await isGone(folder)], [null, true]);
  assert.ok(bytes >= 100_000 && bytes === before, `${bytes} of ${before}`);
});

test("links are deleted and never followed", async (t) => {
  const { folder, tree, others } = await plot(t);
  await symlink(others, join(tree, "repo"));
  await symlink(join(others, "precious"), join(tree, "file"));
  await symlink("..", join(tree, "up"));
  await symlink("nowhere", join(tree, "broken"));
  assert.ok((await measure(tree, on)) < 64 * 1024);
  assert.equal((await destroy(folder, on)).error, null);
  assert.ok(await isGone(folder));
  assert.equal(await readFile(join(others, "precious"), "utf8"), "precious");
});

test("a tree that is itself a link loses the link only", async (t) => {
  const { folder, tree, others } = await plot(t);
  await rm(tree, { recursive: true });
  await symlink(others, tree);
  assert.ok((await measure(tree, on)) < 64 * 1024);
  await destroy(folder, on);
  assert.ok(await isGone(folder));
  assert.equal(await readFile(join(others, "precious"), "utf8"), "precious");
});

test("folders that nobody may enter or write to are deleted too", async (t) => {
  const { folder, tree } = await plot(t);
  for (const [name, mode] of [
    ["locked", 0o000],
    ["read-only", 0o555],
    ["blind", 0o300],
  ] as const) {
    await mkdir(join(tree, name, "deep"), { recursive: true });
    await writeFile(join(tree, name, "deep", "f"), "f", { mode: 0o000 });
    await chmod(join(tree, name, "deep"), mode);
    await chmod(join(tree, name), mode);
  }
  await chmod(tree, 0o555);
  await measure(tree, on);
  assert.equal((await destroy(folder, on)).error, null);
  assert.ok(await isGone(folder));
});

test("names that are no text, fifos and sockets are deleted without being opened", async (t) => {
  const { folder, tree } = await plot(t);
  await writeFile(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe, 0x0a])]), "odd");
  await mkdir(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xc3, 0x28])]));
  await writeFile(join(tree, "-rf \n*'\""), "odd");
  execFileSync("sh", ["-c", "mkfifo fifo"], { cwd: tree });
  assert.ok((await measure(tree, on)) > 0);
  assert.equal((await destroy(folder, on)).error, null);
  assert.ok(await isGone(folder));
});

test("a tree deeper than any path may be long is deleted", async (t) => {
  const { folder, tree } = await plot(t);
  const name = "d".repeat(200);
  const script = `for (let i = 0; i < 60; i++) { fs.mkdirSync("${name}"); process.chdir("${name}"); } fs.writeFileSync("f", "f")`;
  execFileSync(process.execPath, ["-e", script], { cwd: tree });
  await measure(tree, on);
  assert.equal((await destroy(folder, on)).error, null);
  assert.ok(await isGone(folder));
});

test("a file with other names counts in part, and the others stay", async (t) => {
  const { folder, tree, others } = await plot(t);
  await writeFile(join(others, "shared"), Buffer.alloc(1_000_000, 1));
  await link(join(others, "shared"), join(tree, "shared"));
  assert.ok((await measure(tree, on)) < 900_000);
  await destroy(folder, on);
  assert.equal((await lstat(join(others, "shared"))).size, 1_000_000);
});

test("what is not there is neither an error nor bytes", async (t) => {
  const { folder, tree } = await plot(t);
  assert.equal(await measure(join(tree, "nothing"), on), 0);
  await rm(tree, { recursive: true });
  assert.deepEqual(await destroy(folder, on), { bytes: 0, error: null });
  assert.deepEqual(await destroy(folder, on), { bytes: 0, error: null });
});

test("a folder of many files does not keep the event loop from its other work", async (t) => {
  const { folder, tree } = await plot(t);
  const script = `for (let i = 0; i < 1_000; i++) fs.writeFileSync(String(i), "")`;
  execFileSync(process.execPath, ["-e", script], { cwd: tree });
  let [turns, longest, last] = [0, 0, performance.now()];
  const watch = setInterval(() => {
    turns += 1;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  assert.equal((await destroy(folder, on)).error, null);
  clearInterval(watch);
  assert.ok(await isGone(folder));
  assert.ok(turns > 20, `${turns} turns, the longest ${Math.round(longest)} ms`);
});

test("told to end, it leaves the rest for another time, without a word", async (t) => {
  const { folder, tree } = await plot(t);
  await mkdir(join(tree, "a/b"), { recursive: true });
  assert.deepEqual(await destroy(folder, AbortSignal.abort()), { bytes: 0, error: null });
  assert.ok(!(await isGone(tree)));
});
