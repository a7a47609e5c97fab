import assert from "node:assert/strict";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { LeaseLost } from "../../src/model/errors.ts";
import { type Bench, DONE, openBench } from "./bench.ts";

test("a start that cannot be recorded is stopped and forgotten again", async (t) => {
  for (const error of [new Error("disk full"), new LeaseLost("gone")]) {
    const bench = await openBench(t, { script: () => ({ exit: null }) });
    await bench.enqueue();
    const { move } = bench.store;
    const store = {
      ...bench.store,
      async move(...given: Parameters<typeof move>) {
        if (given[1] === "running") throw error;
        return await move(...given);
      },
    };
    const run = await bench.work(await bench.claim(), { store });
    assert.deepEqual([bench.runtime.started.length, bench.runtime.living()], [1, 0]);
    assert.deepEqual(await bench.runtime.list(), []);
    const isOurs = !(error instanceof LeaseLost);
    assert.equal(run.state, isOurs ? "failed" : "preparing");
    assert.equal((await bench.answers()).length, isOurs ? 1 : 0);
  }
});

test("an earlier attempt's question is not taken for this one's", async (t) => {
  const bench: Bench = await openBench(t, {
    script: () => ({
      output: [DONE],
      act: async ({ folders }) => {
        await assert.rejects(access(join(folders.checkout, "BLOCKED.md")));
      },
    }),
  });
  bench.workspaces.meanwhile = async () => {
    const { checkout } = bench.workspaces.foldersOf((await bench.store.runs({}))[0]!);
    await mkdir(checkout, { recursive: true });
    await writeFile(join(checkout, "BLOCKED.md"), "Left by the first attempt?");
  };
  assert.equal((await bench.run()).state, "completed");
});

test("the model asked for goes before the agent's default one, and the clock starts with the agent", async (t) => {
  const agents = (bench: Bench, more: object) => {
    const { scripted } = bench.config.agents;
    bench.config = { ...bench.config, agents: { scripted: { ...scripted!, ...more } } };
  };
  const custom = {
    argv: ["agent", "{model}"],
    prompt: "stdin",
    success: { by: "exit" },
    mode: "work",
    install: null,
  };
  for (const [asked, used] of [
    ["scripted", "steady"],
    ["scripted:fast", "fast"],
  ] as const) {
    const bench = await openBench(t);
    agents(bench, { defaultModel: "steady", custom });
    const run = await bench.run({ agent: asked });
    assert.deepEqual(bench.runtime.started[0]?.argv, ["agent", used]);
    assert.deepEqual(bench.forge.stopwatches, [15]);
    assert.equal(run.startedAt, bench.clock.ms);
  }
});

test("only an agent that has the host's home gets it, and only natively", async (t) => {
  const bench = await openBench(t, {
    change: (config) => {
      const { scripted } = config.agents;
      const agents = { scripted: { ...scripted!, home: "host" } } as const;
      return { ...config, agents, baseEnv: { ...config.baseEnv, HOME: "/home/bot" } };
    },
  });
  await bench.run();
  assert.equal(bench.runtime.started[0]?.env.HOME, "/home/bot");
  const docker = { ...bench.runtime, name: "docker" } as const;
  await bench.enqueue({ issue: 16 });
  await bench.work(await bench.claim(), { runtimeFor: async () => docker });
  assert.notEqual(bench.runtime.started[1]?.env.HOME, "/home/bot");
  assert.equal(bench.runtime.started[1]?.image, bench.config.defaults.image);
});
