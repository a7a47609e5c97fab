import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions, majorOf, versionIn } from "../../src/model/version.ts";

test("a version is found in what programs print", () => {
  assert.deepEqual(
    ["codex-cli 0.169.0\n", "2.1.328 (Claude Code)", "v1", "git version 2.39.5-rc1"].map(versionIn),
    ["0.169.0", "2.1.328", null, "2.39.5-rc1"],
  );
});

test("versions are compared by their numbers, not their letters", () => {
  assert.ok(compareVersions("0.169.0", "0.99.1") > 0);
  assert.ok(compareVersions("1.2", "1.2.1") < 0);
  assert.equal(compareVersions("1.2.0-beta.1", "1.2"), 0);
  assert.equal(majorOf("12.3.4"), 12);
});
