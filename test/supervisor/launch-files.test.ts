/** Files for an agent's start go where they belong and nowhere else. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { writeLaunchFiles } from "../../src/supervisor/launch-files.ts";

function bench(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "launch-files-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const at = (name: string) => join(root, name);
  return { at, folders: { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") } };
}

test("files are written below home and meta, for the bot's user only, with a folder for temporary files", async (t) => {
  const { at, folders } = bench(t);
  const file = { in: "home", path: ".codex/config.toml", content: "a = 1" } as const;
  await writeLaunchFiles([file, { in: "meta", path: "system.md", content: "stay" }], folders);
  assert.equal(readFileSync(at("home/.codex/config.toml"), "utf8"), "a = 1");
  assert.equal(readFileSync(at("meta/system.md"), "utf8"), "stay");
  assert.equal(statSync(at("home/.codex/config.toml")).mode & 0o777, 0o600);
  assert.ok(statSync(at("meta/tmp")).isDirectory());
});

test("a later attempt's file replaces the earlier one", async (t) => {
  const { at, folders } = bench(t);
  for (const content of ["first", "second"]) {
    await writeLaunchFiles([{ in: "home", path: "a/b", content }], folders);
  }
  assert.equal(readFileSync(at("home/a/b"), "utf8"), "second");
});

for (const path of ["../x", "/etc/x", "a/../../x", "."]) {
  test(`the path ${path} is refused`, async (t) => {
    const { folders } = bench(t);
    await assert.rejects(writeLaunchFiles([{ in: "home", path, content: "" }], folders), /leads out/);
  });
}

test("a symbolic link an agent left is replaced, not followed, as a file and as a folder", async (t) => {
  const { at, folders } = bench(t);
  mkdirSync(at("home"));
  mkdirSync(at("outside"));
  writeFileSync(at("outside/file"), "untouched");
  symlinkSync(at("outside/file"), at("home/file"));
  symlinkSync(at("outside"), at("home/folder"));
  const files = ["file", "folder/file"].map((path) => ({ in: "home", path, content: "new" }) as const);
  await writeLaunchFiles(files, folders);
  assert.equal(readFileSync(at("outside/file"), "utf8"), "untouched");
  assert.equal(readFileSync(at("home/folder/file"), "utf8"), "new");
});
