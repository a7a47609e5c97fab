import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

test("agents.schema.json and docs/configuration.md are what the schema says", () => {
  const program = join(import.meta.dirname, "../../src/cli/generate.ts");
  const { status, stderr } = spawnSync(process.execPath, [program, "--check"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});
