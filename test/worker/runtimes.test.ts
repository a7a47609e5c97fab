import assert from "node:assert/strict";
import { test } from "node:test";
import type { Agent } from "../../src/agents/agent.ts";
import type { Config, RuntimeChoice } from "../../src/config/config.ts";
import { Refusal } from "../../src/model/errors.ts";
import type { Runtime } from "../../src/runtimes/runtime.ts";
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

const agent = (home: Agent["home"]) => ({ name: "codex", home }) as Agent;

/** `own` is the agent's setting, `general` the one for all. */
function config(own: RuntimeChoice | null, general: RuntimeChoice = "auto"): Config {
  const base = botConfig(world, "/nowhere", { agents: [agentConfig("codex", { runtime: own })] });
  return { ...base, defaults: { ...base.defaults, runtime: general } };
}

/** A host with these runtimes; the ones that are not ready say why. */
function host(states: Partial<Record<Runtime["name"], string | null>>) {
  const asked: string[] = [];
  const runtimes = new Map<string, Runtime>();
  for (const [name, reason] of Object.entries(states)) {
    const runtime = createFakeRuntime(undefined, name as Runtime["name"]);
    const probe = async () => {
      asked.push(name);
      return { ready: reason === null, version: null, reason, lacks: {} };
    };
    runtimes.set(name, { ...runtime, probe });
  }
  const choose = async (home: Agent["home"], own: RuntimeChoice | null, general: RuntimeChoice = "auto") =>
    (await createRuntimeChooser(runtimes, () => config(own, general))(agent(home))).name;
  return { asked, choose };
}

test("an agent's own setting goes first, then its nature, then the general setting", async () => {
  const { choose } = host({ native: null, docker: null, podman: null });
  assert.equal(await choose("native", "docker", "podman"), "docker");
  assert.equal(await choose("native", null, "podman"), "native");
  assert.equal(await choose("container", null, "podman"), "podman");
});

test("auto is the first ready one of apple, docker and podman", async () => {
  const { choose, asked } = host({ native: null, docker: "not running", podman: null });
  assert.equal(await choose("container", null), "podman");
  assert.deepEqual(asked, ["docker", "podman"]);
  assert.equal(await host({ apple: null, docker: null }).choose("container", null), "apple");
});

test("auto never falls back to the host", async () => {
  await assert.rejects(host({ native: null, docker: "not running" }).choose("container", null), (error) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.message, /no container runtime will do: docker is not ready: not running/);
    assert.match(error.fix ?? "", /agents\.codex\.runtime/);
    return true;
  });
});

test("what was asked for by name is used or refused with the reason, never replaced", async () => {
  const { choose, asked } = host({ native: null, docker: "the daemon is not running", podman: null });
  await assert.rejects(choose("container", "docker"), /docker is not ready: the daemon is not running/);
  await assert.rejects(choose("container", null, "docker"), /docker is not ready/);
  assert.deepEqual(asked, ["docker", "docker"]);
  assert.equal(await choose("container", "native"), "native");
});

test("an agent on the host is confined unless it, or else the general setting, says otherwise", async () => {
  const asked: (boolean | undefined)[] = [];
  const native = createFakeRuntime(undefined, "native");
  const probe = async (confined?: boolean) => {
    asked.push(confined);
    const reason = confined ? "agents cannot be confined: no bwrap" : null;
    return { ready: !confined, version: null, reason, lacks: {} };
  };
  const choose = (general: boolean, own: boolean | null) => {
    const base = config("native");
    const agents = { codex: agentConfig("codex", { confined: own }) };
    const all = { ...base, agents, defaults: { ...base.defaults, confined: general } };
    return createRuntimeChooser(new Map([["native", { ...native, probe }]]), () => all)(agent("container"));
  };
  assert.equal((await choose(false, null)).name, "native");
  assert.equal((await choose(true, false)).name, "native");
  await assert.rejects(choose(false, true), /native is not ready: agents cannot be confined/);
  await assert.rejects(choose(true, null), (error: unknown) => {
    assert.match((error as Refusal).fix ?? "", /agents\.codex\.confined: false/);
    return true;
  });
  assert.deepEqual(asked, [false, false, true, true]);
});

test("a runtime that this version does not have says so", async () => {
  await assert.rejects(
    host({ native: null }).choose("container", "apple"),
    /this version has no such runtime/,
  );
});
