/** Folders change hands, and nothing outside them does. As root with real owners; else there is nobody to give to. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { giveAll } from "../../../src/runtimes/container/give.ts";

const isRoot = process.getuid?.() === 0;
const owner = isRoot
  ? { uid: 4242, gid: 4243 }
  : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function stage(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "give-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const dir of ["run", "run/deep", "outside"]) mkdirSync(join(root, dir));
  for (const file of ["run/a", "run/deep/b", "outside/precious"]) writeFileSync(join(root, file), "");
  const uidOf = (path: string) => lstatSync(join(root, path)).uid;
  return { at: (path: string) => join(root, path), uidOf, give: () => giveAll([join(root, "run")], owner) };
}

test("every file and folder of a run is given, links themselves too", async (t) => {
  const { at, uidOf, give } = stage(t);
  symlinkSync("a", at("run/link"));
  execFileSync("/bin/sh", ["-c", 'mkfifo "$1"; : >"$2"', "sh", at("run/fifo"), at("run/od\udcffd\nname")]);
  await give();
  for (const path of ["run", "run/a", "run/deep", "run/deep/b", "run/link", "run/fifo"])
    assert.equal(uidOf(path), owner.uid);
});

test("what a link leads to keeps its owner", async (t) => {
  const { at, uidOf, give } = stage(t);
  const before = uidOf("outside/precious");
  symlinkSync(at("outside"), at("run/folder"));
  symlinkSync(at("outside/precious"), at("run/file"));
  await give();
  assert.deepEqual([uidOf("outside"), uidOf("outside/precious")], [before, before]);
});

test("a hard link to a file outside keeps its owner; one whose names are all inside is given", async (t) => {
  const { at, uidOf, give } = stage(t);
  const before = uidOf("outside/precious");
  linkSync(at("outside/precious"), at("run/stolen"));
  linkSync(at("run/a"), at("run/deep/same"));
  await give();
  assert.equal(uidOf("outside/precious"), before);
  assert.equal(uidOf("run/a"), owner.uid);
});

test("a folder that is not there, or a path too long to be looked at, stops nothing", async (t) => {
  const { at, uidOf, give } = stage(t);
  const part = "x".repeat(200);
  const deep = Array(18).fill(part).join("/");
  mkdirSync(at(`run/${deep}`), { recursive: true });
  // Longer than any path may be, made in two steps, as an agent would.
  execFileSync("mkdir", ["-p", Array(6).fill(part).join("/")], { cwd: at(`run/${deep}`) });
  t.after(() => execFileSync("rm", ["-rf", at("run")]));
  await giveAll([at("nowhere")], owner);
  await give();
  assert.equal(uidOf("run/deep/b"), owner.uid);
});
