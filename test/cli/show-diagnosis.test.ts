import assert from "node:assert/strict";
import { test } from "node:test";
import type { Commands } from "../../src/cli/commands.ts";
import { diagnosisOf, type Finding } from "../../src/model/finding.ts";
import { cli } from "./terminal.ts";

const FINDINGS: readonly Finding[] = [
  { area: "host", subject: "store", check: "open", result: "pass", detail: "SQLite", fix: null },
  {
    area: "forge",
    subject: "codeberg",
    check: "clock",
    result: "warn",
    detail: "20 s\n ahead",
    fix: "set it",
  },
  {
    area: "runtime",
    subject: "docker",
    check: "user",
    result: "fail",
    detail: "root\u001b[2J",
    fix: "be nobody",
  },
];
const doctor: Commands["doctor"] = async (_, progress) => {
  for (const finding of FINDINGS) {
    progress.trying(`${finding.subject}: ${finding.check}`);
    progress.found(finding);
  }
  return diagnosisOf(FINDINGS);
};

test("findings are shown as they come, under their subject, with the fix of what did not pass", async () => {
  const { code, out, err } = await cli(["doctor"], { doctor });
  assert.equal(
    out,
    [
      "This machine",
      "  pass  store: open: SQLite",
      "",
      "Forge codeberg",
      "  warn  clock: 20 s ahead",
      "        fix: set it",
      "",
      "Runtime docker",
      "  fail  user: root",
      "        fix: be nobody",
      "",
      "not healthy: 1 passed, 1 warning, 1 failed",
      "",
    ].join("\n"),
  );
  assert.deepEqual([code, err], [1, ""]);
});

test("a terminal shows what is being tried, and clears it again", async () => {
  const { err } = await cli(["doctor"], { doctor }, true);
  assert.match(err, /… store: open/);
  assert.ok(err.endsWith("\r\u001b[K"));
});

test("for programs it is one JSON object of a stable shape, and nothing else", async () => {
  const { out, code } = await cli(["doctor", "--json"], { doctor });
  const told = JSON.parse(out) as object;
  assert.deepEqual(Object.keys(told), ["version", "ok", "passed", "warned", "failed", "findings"]);
  assert.deepEqual([told, code], [{ ...diagnosisOf(FINDINGS) }, 1]);
});

test("doctor and image build are called with their arguments, and wrong ones are refused", async () => {
  const all = await cli(["doctor", "--runtime", "podman", "--login"]);
  assert.deepEqual(
    [all.code, all.calls[0]],
    [0, ["doctor", { config: null, runtime: "podman", login: true }]],
  );
  const built = await cli(["image", "build", "--engine", "podman", "--tag", "a/b:2", "--pull"], {
    buildImage: async (options) => ({ tag: options.tag ?? "", engine: "podman", inUse: false }),
  });
  assert.equal(built.out, 'built a/b:2 with podman\nin agents.yaml: dispatch: { image: "a/b:2" }\n');
  assert.match((await cli(["image", "build"])).out, /agents use it/);
  const wrong = await cli(["image", "build", "--engine", "lxc"]);
  assert.deepEqual([wrong.code, /"lxc" is no engine: docker, podman/.test(wrong.err)], [2, true]);
});
