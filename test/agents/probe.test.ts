import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Agent } from "../../src/agents/agent.ts";
import { probeAgent } from "../../src/agents/probe.ts";

function program(t: TestContext, script: string) {
  const dir = mkdtempSync(join(tmpdir(), "probe-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "tool"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, "tool"), 0o755);
  return { dir, env: { PATH: `${dir}:/usr/bin:/bin`, HOME: dir } };
}

const agent = (versionArgs: readonly string[] | null): Agent =>
  ({ name: "tool", program: { name: "tool", versionArgs, install: "install it" } }) as unknown as Agent;

test("a program is asked for its version, with no secret in its environment", async (t) => {
  const { dir, env } = program(t, 'cd "$HOME" && echo "tool 1.2.3"; printenv ANTHROPIC_API_KEY > key; true');
  assert.deepEqual(await probeAgent(agent(["--version"]), { ...env, ANTHROPIC_API_KEY: "k" }), {
    name: "tool",
    ready: true,
    version: "1.2.3",
    fix: null,
  });
  assert.equal(readFileSync(join(dir, "key"), "utf8"), "");
});

test("a custom agent's program is looked for and never run", async (t) => {
  const { dir, env } = program(t, "touch ran");
  assert.equal((await probeAgent(agent(null), env)).ready, true);
  assert.equal(existsSync(join(dir, "ran")), false);
  assert.equal(existsSync("ran"), false);
});

test("a missing program is told with how to install it", async () => {
  const { ready, fix } = await probeAgent(agent(["--version"]), { PATH: "/nowhere" });
  assert.equal(ready, false);
  assert.match(fix ?? "", /no executable tool on PATH; install it/);
});
