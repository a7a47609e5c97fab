/** A runtime that lacks what the configuration demands is refused before a run starts, by the name of what it lacks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../src/agents/agent.ts";
import type { Config, NetworkChoice, RuntimeChoice } from "../../src/config/config.ts";
import type { Runtime, RuntimeProbe } from "../../src/runtimes/runtime.ts";
import { demandsOf } from "../../src/worker/demands.ts";
import { createRuntimeChooser } from "../../src/worker/runtimes.ts";
import { createFakeRuntime } from "../fakes/runtime.ts";
import { agentConfig, botConfig } from "../journeys/bot.ts";

const FORGE = {
  kind: "forgejo",
  name: "x",
  url: "https://x",
  token: "t",
  webhookSecret: "s",
  webhookProxy: null,
} as const;
const world = { bot: { id: 1, login: "bot", token: "t" }, forgeConfig: () => FORGE };
const codex = { name: "codex", home: "container" } as Agent;

interface Wishes {
  readonly limits?: Partial<Config["limits"]>;
  readonly network?: NetworkChoice;
  readonly own?: NetworkChoice;
  readonly runtime?: RuntimeChoice;
}

function config({ limits, network, own, runtime = "auto" }: Wishes): Config {
  const base = botConfig(world, "/nowhere", {
    agents: [agentConfig("codex", { runtime, network: own ?? null })],
  });
  return {
    ...base,
    limits: { ...base.limits, ...limits },
    defaults: { ...base.defaults, network: network ?? null },
  };
}

function choose(wishes: Wishes, lacks: Readonly<Record<string, RuntimeProbe["lacks"]>>) {
  const runtimes = Object.entries(lacks).map(([name, lacking]): [string, Runtime] => {
    const runtime = createFakeRuntime(undefined, name as Runtime["name"]);
    return [
      name,
      { ...runtime, probe: async () => ({ ready: true, version: null, reason: null, lacks: lacking }) },
    ];
  });
  return createRuntimeChooser(new Map(runtimes), () => config(wishes))(codex);
}

test("only what somebody set is demanded", () => {
  assert.deepEqual(demandsOf(codex, config({})), []);
  assert.deepEqual(demandsOf(codex, config({ network: "open" })), []);
  const all = demandsOf(codex, config({ limits: { memoryBytes: 1, cpus: 1, pids: 32 }, network: "none" }));
  assert.deepEqual(
    all.map(({ property }) => property),
    ["memory", "cpus", "pids", "network"],
  );
});

test("an agent's own network goes before the general one, and is named as where it was written", () => {
  const [demand] = demandsOf(codex, config({ network: "open", own: "allowlist" }));
  assert.deepEqual(demand, { property: "network", setting: "agents.codex.network" });
  assert.deepEqual(demandsOf(codex, config({ network: "none", own: "open" })), []);
});

test("auto goes on to the next that lacks nothing demanded", async () => {
  const lacks = { docker: { memory: "no cgroups" }, podman: {} };
  assert.equal((await choose({ limits: { memoryBytes: 1 } }, lacks)).name, "podman");
  assert.equal((await choose({ limits: { pids: 32 } }, lacks)).name, "docker");
});

test("one asked for by name is refused with the property, the setting and the reason", async () => {
  const refused = choose(
    { limits: { memoryBytes: 1 }, runtime: "docker" },
    { docker: { memory: "no cgroups" }, podman: {} },
  );
  await assert.rejects(refused, {
    name: "Refusal",
    message: /docker can not hold it to dispatch\.memory \(memory\): no cgroups/,
    fix: /take dispatch\.memory out/,
  });
});

test("where none will do, each says why", async () => {
  const refused = choose(
    { network: "none" },
    { docker: { network: "one reason" }, podman: { network: "another" } },
  );
  await assert.rejects(refused, /docker can not .*one reason; podman can not .*another/);
});
