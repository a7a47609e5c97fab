import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createNativeRuntime } from "../../src/runtimes/native/native.ts";
import { scripted } from "../journeys/bot.ts";
import { openBench } from "../worker/bench.ts";

test("The true exit code arrives.", async (t) => {
  const records = await mkdtemp(join(tmpdir(), "exit-code-"));
  t.after(() => rm(records, { recursive: true }));
  const runtime = createNativeRuntime({ now: Date.now, records });
  const argv = ["sh", "-c", 'exec sh -c "$(tail -n 1)"'] as const;
  const bench = await openBench(t, {
    change: (config) => ({
      ...config,
      agents: { shell: scripted("shell", { argv, success: { by: "exit" } }) },
    }),
  });
  // The prompt's last line is what the shell does.
  const prompts = {
    ...bench.deps.prompts,
    build: async ({ run }: Parameters<typeof bench.deps.prompts.build>[0]) => ({
      text: run.issue.body,
      hidden: 0,
      leftOut: 0,
    }),
  };
  const endOf = async (issue: number, body: string) => {
    await bench.enqueue({ issue, body, agent: "shell" });
    const run = await bench.work(await bench.claim(), {
      prompts,
      runtimeFor: async () => runtime,
      runtimeNamed: () => runtime,
    });
    const answer = (await bench.answers(issue)).join("\n");
    return { state: run.state, exit: run.report?.exit, answer };
  };
  const ended = (code: number | null, signal: string | null = null) => ({ code, signal, outOfMemory: false });
  const codes = [1, 2, 42, 126, 127, 128, 137, 143, 255];
  const ends = await Promise.all([
    endOf(100, "exit 0"),
    ...codes.map((code) => endOf(code, `exit ${code}`)),
    endOf(101, "kill -9 $$"),
    endOf(102, "kill -15 $$"),
  ]);
  assert.deepEqual([ends[0]?.state, ends[0]?.exit], ["completed", ended(0)]);
  for (const [index, code] of codes.entries()) {
    const { exit, answer } = ends[index + 1] ?? {};
    assert.deepEqual(exit, ended(code));
    assert.match(answer ?? "", new RegExp(`exit(?:ed with)? code ${code}\\b`));
  }
  assert.deepEqual(ends.at(-2)?.exit, ended(null, "SIGKILL"));
  assert.deepEqual(ends.at(-1)?.exit, ended(null, "SIGTERM"));
  assert.match(ends.at(-2)?.answer ?? "", /SIGKILL/);
});
