import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { REGISTRIES } from "../../src/config/registries.ts";
import { ConfigError } from "../../src/model/errors.ts";
import { FORGEJO, inFolder, load, problemsOf } from "./load-with.ts";

test("without agents.yaml everything has its default", () => {
  inFolder((cwd) => {
    const config = loadConfig({ env: FORGEJO, file: null, cwd });
    assert.equal(config.dataDir, join(cwd, "data"));
    assert.equal(config.workspaceRoot, join(cwd, "data", "workspace"));
    assert.deepEqual(
      [config.host, config.port, config.logLevel, config.publicUrl],
      ["127.0.0.1", 3000, "info", null],
    );
    assert.deepEqual(Object.keys(config.agents), ["codex", "claude", "gemini", "coderabbit", "local"]);
    assert.deepEqual(config.defaults, {
      agent: "codex",
      template: "coding",
      runtime: "auto",
      image: "localhost/agent-dispatch-agent:1",
      gpu: false,
      user: { uid: 1000, gid: 1000 },
      network: null,
      allow: [...REGISTRIES],
      confined: true,
      draft: false,
    });
    assert.deepEqual(config.caps, { total: 4, perRepository: null, perPool: null, pools: {}, models: {} });
    assert.deepEqual(config.rates, { failures: 3, windowMs: 60_000, pauseMs: 1_800_000 });
    assert.deepEqual(
      [config.limits.totalMs, config.limits.idleMs, config.limits.graceMs],
      [3_600_000, 900_000, 10_000],
    );
  });
});

test("durations become milliseconds, sizes bytes, and relative paths start at the file's folder", () => {
  inFolder(
    (cwd) => {
      const config = loadConfig({ env: FORGEJO, file: "agents.yaml", cwd });
      assert.equal(config.limits.totalMs, 7_200_000);
      assert.equal(config.limits.memoryBytes, 512 * 1024 * 1024);
      assert.equal(config.limits.cpus, 1.5);
      assert.equal(config.workspaceRoot, join(cwd, "work"));
      assert.equal(config.publicUrl, "https://dispatch.example.com");
    },
    {
      "agents.yaml":
        "dispatch: {timeout: 2h, memory: 512m, cpus: 1.5, workspace_root: ./work, public_url: https://dispatch.example.com/}",
    },
  );
});

test("caps name pools by agent and models by agent and model", () => {
  const { caps } = load(
    "concurrency: {per_repository: 1, pools: {codex: 2, claude: {total: 3, models: {opus: 1}}}}",
  );
  assert.deepEqual(caps, {
    total: 4,
    perRepository: 1,
    perPool: null,
    pools: { codex: 2, claude: 3 },
    models: { "claude:opus": 1 },
  });
});

test("the configuration is frozen through and through", () => {
  const config = load("permission: {users: [alice]}");
  assert.throws(() => (config.permission.users as string[]).push("mallory"), TypeError);
  assert.throws(() => Object.assign(config.agents.codex ?? {}, { enabled: false }), TypeError);
});

test("every problem is told at once, with its place, key and what is allowed", () => {
  const yaml = [
    "dispatch:",
    "  agnet: codex",
    "  timeout: 30",
    "  runtime: dokcer",
    "concurency: {}",
    "git: {name: }",
  ];
  assert.deepEqual(problemsOf(yaml.join("\n"), { ...FORGEJO, PORT: "http" }), [
    '2:3 dispatch.agnet is not a known key; did you mean "agent"? (agent, template, runtime, image, gpu, user, network, allow, confined, draft, timeout, idle_timeout, grace, workspace_root, spares, drain, lease, lost, catch_up, templates, public_url, memory, cpus, pids, disk, log_limit, output_limit)',
    "3:12 dispatch.timeout has no unit; write 30m for minutes or 30s for seconds (a duration such as 90s, 30m or 2h)",
    '4:12 dispatch.runtime "dokcer" is not one of them; did you mean "docker"? (auto, native, docker, podman, apple)',
    '5:1 concurency is not a known key; did you mean "concurrency"? (dispatch, concurrency, rates, forges, permission, agents, git, housekeeping)',
    "6:13 git.name has no value; give one or leave the key out (a text that is not empty)",
    "environment PORT is no port (a whole number from 0 to 65535)",
  ]);
});

test("a wrong section does not hide what is wrong in another, or in the environment", () => {
  const found = problemsOf("dispatch: {pids: 5}\nagents: {cluade: {}, codex: }", {
    CORE_AGENT_RUNTIME: "dokcer",
  });
  assert.equal(found.length, 4);
  assert.match(found[0] ?? "", /^1:18 dispatch\.pids is not allowed \(a whole number from 32\)/);
  assert.match(found[1] ?? "", /^2:10 agents\.cluade is not built in; did you mean "claude"\?/);
  assert.ok(found.some((problem) => problem.includes("forges no forge is set up")));
  assert.ok(found.some((problem) => problem.includes('CORE_AGENT_RUNTIME "dokcer" is not one of them')));
});

test("a value that may be a misplaced secret is never repeated", () => {
  const yaml =
    "forges: {x: {kind: forgejo, url: https://x.example, token_env: ghp_supersecretvalue, webhook_secret_env: A}}";
  const found = problemsOf(`${yaml}\ndispatch: {runtime: sk-supersecretvalue-0000}`).join("\n");
  assert.match(found, /forges\.x\.token_env is not allowed \(the name of an environment variable/);
  assert.doesNotMatch(found, /supersecret/);
});

test("a blank section counts as not written", () => {
  assert.equal(load("dispatch:\nagents:\n  codex:\npermission:\n").agents.codex?.enabled, true);
});

test("an agent or pool that does not exist, or a default agent that is off, is refused", () => {
  assert.deepEqual(problemsOf("dispatch: {agent: codx}\nconcurrency: {pools: {gemni: 1}}"), [
    '1:19 dispatch.agent "codx" is not one of them; did you mean "codex"? (codex, claude, gemini, coderabbit, local)',
    '2:23 concurrency.pools.gemni "gemni" is not one of them; did you mean "gemini"? (codex, claude, gemini, coderabbit, local)',
  ]);
  assert.deepEqual(problemsOf("agents: {codex: {enabled: false}}\ndispatch: {agent: 'codex:gpt-5'}"), [
    "2:19 dispatch.agent codex is switched off under agents (claude, gemini, coderabbit, local)",
  ]);
});

test("a templates folder must be there", () => {
  assert.match(
    problemsOf("dispatch: {templates: ./nowhere}")[0] ?? "",
    /^1:23 dispatch\.templates .*nowhere is no folder/,
  );
});

test("a named file must exist, the default one need not", () => {
  inFolder((cwd) => {
    const named = { ...FORGEJO, AGENT_DISPATCH_CONFIG: "mine.yaml" };
    const refused = (error: unknown) =>
      error instanceof ConfigError && /mine\.yaml: \(file\): does not exist/.test(error.message);
    assert.throws(() => loadConfig({ env: named, file: null, cwd }), refused);
    assert.throws(() => loadConfig({ env: FORGEJO, file: "mine.yaml", cwd }), refused);
  });
});

test("AGENT_DISPATCH_CONFIG names the file", () => {
  const yaml = { "mine.yaml": "dispatch: {agent: claude}" };
  inFolder((cwd) => {
    const config = loadConfig({ env: { ...FORGEJO, AGENT_DISPATCH_CONFIG: "mine.yaml" }, file: null, cwd });
    assert.equal(config.defaults.agent, "claude");
  }, yaml);
});
