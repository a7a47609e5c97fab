import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Provider } from "../../src/agents/agent.ts";
import type { Config } from "../../src/config/config.ts";
import type { Runtime } from "../../src/runtimes/runtime.ts";
import { networkFor } from "../../src/worker/network.ts";
import { createSweeper } from "../../src/worker/sweep.ts";
import { agentConfig } from "../journeys/bot.ts";
import { type Bench, type BenchOptions, DONE, openBench } from "./bench.ts";

const PROVIDER: Provider = { baseUrl: "https://api.example.com", keys: [], hosts: [] };
const KEY = "sk-the-real-key-of-the-provider";

test("what is set counts; else a known provider and a runtime that can hold it mean a list", () => {
  const lacks = { network: "why" };
  for (const [own, all, provider, lacking, choice] of [
    [null, null, PROVIDER, {}, "allowlist"],
    [null, null, PROVIDER, lacks, "open"],
    [null, null, null, {}, "open"],
    [null, "none", PROVIDER, {}, "none"],
    ["open", "none", PROVIDER, {}, "open"],
    ["allowlist", null, null, lacks, "allowlist"],
  ] as const) {
    const agents = { codex: agentConfig("codex", { network: own }) };
    const config = { agents, defaults: { network: all } as Config["defaults"] };
    assert.equal(networkFor({ name: "codex" }, provider, config, lacking), choice);
  }
});

interface Setting extends BenchOptions {
  readonly network?: "open" | "allowlist" | "none";
  readonly secretEnv?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A bench whose agent is claude. */
async function openClaude(t: TestContext, setting: Setting = {}): Promise<Bench> {
  const { network = null, secretEnv = [], secrets = { ANTHROPIC_API_KEY: KEY }, ...options } = setting;
  return await openBench(t, {
    ...options,
    change: (config) => ({
      ...config,
      agents: { scripted: config.agents.scripted!, claude: agentConfig("claude", { network, secretEnv }) },
      secrets,
      baseEnv: { ...config.baseEnv, HTTPS_PROXY: "http://me:pass@proxy.corp:3128", PATH: "/usr/bin::.:/bin" },
    }),
  });
}

test("an agent whose provider is known gets a way to it, a token for a key, and nothing else of the network", async (t) => {
  const bench = await openClaude(t, { secretEnv: ["ANTHROPIC_API_KEY"] });
  await bench.run({ agent: "claude" });
  const [spec] = bench.runtime.started;
  assert.equal(spec?.network, "none");
  assert.deepEqual(spec?.argv.slice(0, 2), ["/bin/sh", "-c"]);
  assert.deepEqual(spec?.argv.slice(4, 7), [spec?.visible[0], process.execPath, "claude"]);
  assert.equal(spec?.visible[1], process.execPath);
  const { env } = spec!;
  assert.equal(env.ANTHROPIC_BASE_URL, "http://127.0.0.1:17171/provider");
  assert.match(env.ANTHROPIC_API_KEY ?? "", /^run-/);
  assert.deepEqual([env.HTTPS_PROXY, env.NO_PROXY], ["http://127.0.0.1:17171", "localhost,127.0.0.1"]);
  assert.equal(env.PATH, "/usr/bin:/bin");
  assert.ok(!JSON.stringify(spec).includes(KEY) && !JSON.stringify(spec).includes("proxy.corp"));
});

test("in an image it is the image's own node that runs the relay", async (t) => {
  const bench = await openClaude(t);
  await bench.enqueue({ agent: "claude" });
  await bench.work(await bench.claim(), { runtimeFor: async () => ({ ...bench.runtime, name: "docker" }) });
  const [spec] = bench.runtime.started;
  assert.deepEqual(spec?.argv.slice(4, 7), [spec?.visible[0], "node", "claude"]);
  assert.equal(spec?.visible.length, 1);
});

test("of a run that is over nothing is left, however it ended", async (t) => {
  for (const script of [
    { output: [DONE] },
    { exit: { code: 1 } },
    { exit: { signal: "SIGKILL" } },
    { refuse: new Error("no start") },
  ]) {
    const bench = await openClaude(t, { script: () => script });
    await bench.run({ agent: "claude" });
    assert.deepEqual(readdirSync(join(bench.dir, "egress")), []);
  }
});

test("without a key the agent's own login is what it has, and the provider's hosts are let through", async (t) => {
  const bench = await openClaude(t, { secrets: {} });
  const allowed: (readonly string[])[] = [];
  const { egress } = bench.deps;
  const open: typeof egress.open = async (request) => {
    allowed.push(request.allow);
    assert.equal(request.provider, null);
    return await egress.open(request);
  };
  await bench.enqueue({ agent: "claude" });
  await bench.work(await bench.claim(), { egress: { ...egress, open } });
  assert.ok(allowed[0]?.includes("api.anthropic.com") && allowed[0].includes("claude.ai"));
  assert.equal(bench.runtime.started[0]?.env.ANTHROPIC_BASE_URL, undefined);
});

test("with the key held, the provider is reached by the endpoint alone", async (t) => {
  const bench = await openClaude(t);
  const { egress } = bench.deps;
  const open: typeof egress.open = async (request) => {
    assert.deepEqual(request.allow, []);
    assert.deepEqual(request.provider?.baseUrl, "https://api.anthropic.com");
    return await egress.open(request);
  };
  await bench.enqueue({ agent: "claude" });
  await bench.work(await bench.claim(), { egress: { ...egress, open } });
  assert.equal(bench.runtime.started.length, 1);
});

test("an open network is the server's, with its proxies and the key; none is none of all that", async (t) => {
  const opened = await openClaude(t, { network: "open" });
  await opened.run({ agent: "claude" });
  const [open] = opened.runtime.started;
  assert.deepEqual([open?.network, open?.argv[0], open?.visible], ["open", "claude", []]);
  assert.equal(open?.env.ANTHROPIC_API_KEY, KEY);
  assert.equal(open?.env.HTTPS_PROXY, "http://me:pass@proxy.corp:3128");
  const closed = await openClaude(t, { network: "none" });
  await closed.run({ agent: "claude" });
  const [none] = closed.runtime.started;
  assert.deepEqual([none?.network, none?.argv[0], none?.visible], ["none", "claude", []]);
  assert.ok(!Object.keys(none?.env ?? {}).some((name) => /_proxy$/i.test(name)));
});

test("a runtime that can not hold it leaves the network open, unless it was asked for", async (t) => {
  const bench = await openClaude(t);
  const lacks = { network: "the host isolates nothing" };
  const probe: Runtime["probe"] = async () => ({ ready: true, version: null, reason: null, lacks });
  await bench.enqueue({ agent: "claude" });
  await bench.work(await bench.claim(), { runtimeFor: async () => ({ ...bench.runtime, probe }) });
  assert.equal(bench.runtime.started[0]?.network, "open");
});

test("where the shell could not begin, the answer says why and how to mend it", async (t) => {
  for (const [code, why, fix] of [
    [127, /no program claude/, /npm install -g .*claude-code/],
    [126, /no node/, /Node 18 or newer/],
    [125, /the relay/, /The log says why/],
  ] as const) {
    const bench = await openClaude(t, { script: () => ({ exit: { code } }) });
    const run = await bench.run({ agent: "claude" });
    assert.equal(run.outcome?.kind === "failed" && run.outcome.reason, "start");
    const [answer] = await bench.answers();
    assert.match(answer ?? "", why);
    assert.match(answer ?? "", fix);
  }
});

test("a run's token is a secret like any other while the run is here", async (t) => {
  const known: string[] = [];
  const bench: Bench = await openClaude(t, {
    script: () => ({
      act: () => void known.push(...Object.values(bench.deps.egress.tokens())),
    }),
  });
  await bench.run({ agent: "claude" });
  assert.deepEqual(known, [bench.runtime.started[0]?.env.ANTHROPIC_API_KEY]);
});

test("ways of runs that are over, or nobody's, are closed at the first look; that of a recorded run is left", async (t) => {
  const bench = await openClaude(t);
  const { egress, store } = bench.deps;
  const way = { allow: [], provider: null, lifeMs: 60_000 };
  const runId = await bench.enqueue();
  const { run, lease } = await bench.claim();
  await egress.open({ runId: "unknown", attempt: 1, ...way });
  await egress.open({ runId, attempt: run.attempt + 1, ...way });
  await egress.open({ runId, attempt: run.attempt, ...way });
  const sweeper = createSweeper(bench.deps, () => false);
  const look = async () => {
    sweeper.look();
    await sweeper.idle();
    return egress.list();
  };
  assert.deepEqual(await look(), [{ runId, attempt: run.attempt }]);
  await store.move(lease, "queued", {}, []);
  assert.deepEqual(await look(), []);
});
