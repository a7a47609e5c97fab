/**
 * Confined natively, a server that is root and one that is not go different ways: see `confine.ts`. Where the tests run
 * as root, they run once more as somebody else, in a user namespace.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { confines } from "./confines.ts";

const FILES = ["confine.test.ts", "confined.test.ts", "confined-contract.test.ts"].map((name) =>
  join(import.meta.dirname, name),
);
const SOMEBODY = [
  "--unshare-user",
  "--uid",
  "1000",
  "--gid",
  "1000",
  "--unshare-pid",
  "--dev-bind",
  "/",
  "/",
];

if (process.getuid?.() === 0 && (await confines())) {
  test("what holds of agents of a server that is root holds of one that is not", async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = [...SOMEBODY, "--proc", "/proc", "--", process.execPath, "--test", ...FILES];
    const { stdout } = await promisify(execFile)("bwrap", args, { env: { ...env, CI: "true" } }).catch(
      (error: { readonly stdout: string }) => assert.fail(error.stdout),
    );
    assert.match(stdout, /pass \d\d/);
  });
}
