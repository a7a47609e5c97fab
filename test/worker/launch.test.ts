import assert from "node:assert/strict";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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

test("a login that is lent is a secret for the run, followed while it is renewed, and taken back at the end", async (t) => {
  const learnt: string[] = [];
  const oauth = (n: number) => ({
    accessToken: `sk-ant-oat-${n}`,
    refreshToken: `sk-ant-ort-${n}`,
    expiresAt: n,
  });
  const said = '{"type":"result","subtype":"success","is_error":false,"result":"Done","session_id":"s"}\n';
  const renewed = Promise.withResolvers<void>();
  const bench: Bench = await openBench(t, {
    script: () => ({
      output: [said],
      act: async ({ folders, env }) => {
        const file = join(folders.home, ".claude/.credentials.json");
        assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { claudeAiOauth: oauth(1) });
        assert.ok(!("ANTHROPIC_API_KEY" in env));
        await writeFile(file, JSON.stringify({ claudeAiOauth: oauth(2) }));
        renewed.resolve();
      },
    }),
    change: (config) => {
      const claude = { ...config.agents.scripted!, name: "claude", custom: null, home: "login" } as const;
      return {
        ...config,
        agents: { claude },
        baseEnv: { ...config.baseEnv, HOME: join(config.dataDir, "me") },
      };
    },
  });
  const login = join(bench.config.dataDir, "me/.claude/.credentials.json");
  const learnSecrets = (name: string, values: readonly string[]) => void learnt.push(name, ...values);
  await bench.enqueue({ agent: "claude" });
  const missing = await bench.work(await bench.claim(), { learnSecrets });
  assert.equal(missing.outcome?.kind === "failed" && missing.outcome.reason, "start");
  assert.match((await bench.answers())[0] ?? "", /Log in once as the bot/);

  await mkdir(dirname(login), { recursive: true });
  await writeFile(login, JSON.stringify({ claudeAiOauth: oauth(1), mcpOAuth: "other" }));
  await bench.enqueue({ agent: "claude", issue: 16 });
  const run = await bench.work(await bench.claim(), { learnSecrets });
  assert.equal(run.state, "completed");
  await renewed.promise;
  for (const secret of ["sk-ant-oat-1", "sk-ant-ort-1", "sk-ant-oat-2", "sk-ant-ort-2"]) {
    assert.ok(learnt.includes(secret), secret);
  }
  assert.deepEqual(JSON.parse(await readFile(login, "utf8")), { claudeAiOauth: oauth(2), mcpOAuth: "other" });
  const { home } = bench.workspaces.foldersOf(run);
  await assert.rejects(access(join(home, ".claude/.credentials.json")));
});
