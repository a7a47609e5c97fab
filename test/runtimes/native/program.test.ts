/** An agent's program is found as the agent's own environment would, and never in the checkout by chance. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { findProgram } from "../../../src/runtimes/native/program.ts";

function bench(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "program-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ["a", "b", "checkout"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "a", "agent"), "not executable", { mode: 0o600 });
  for (const folder of ["b", "checkout"]) {
    writeFileSync(join(root, folder, "agent"), "#!/bin/sh\n");
    chmodSync(join(root, folder, "agent"), 0o700);
  }
  mkdirSync(join(root, "b", "folder"));
  return root;
}

test("the first executable file on PATH is taken", async (t) => {
  const root = bench(t);
  const path = `${root}/none:${root}/a:${root}/b:/bin`;
  assert.equal(await findProgram("agent", path, root), join(root, "b", "agent"));
});

test("relative and empty entries of PATH are not searched: they would be the checkout", async (t) => {
  const root = bench(t);
  await assert.rejects(findProgram("agent", ":.:checkout", join(root, "checkout")), Refusal);
});

test("a folder, a missing PATH and a file that may not run are refused with the fix", async (t) => {
  const root = bench(t);
  for (const [name, path] of [
    ["folder", `${root}/b`],
    ["agent", undefined],
    [`${root}/a/agent`, "/bin"],
  ] as const) {
    await assert.rejects(
      findProgram(name, path, root),
      (error: unknown) => error instanceof Refusal && /^install /.test(error.fix ?? ""),
    );
  }
});

test("a path is taken as it is, from the working directory", async (t) => {
  const root = bench(t);
  assert.equal(await findProgram("./b/agent", undefined, root), join(root, "b", "agent"));
});
