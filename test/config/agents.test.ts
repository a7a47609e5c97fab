import assert from "node:assert/strict";
import { test } from "node:test";
import { FORGEJO, load, problemsOf } from "./load-with.ts";

const only = (yaml: string, env: Record<string, string> = {}) =>
  problemsOf(yaml, { ...FORGEJO, ...env })[0] ?? "";

test("an agent's settings are taken over, the other agents keep theirs", () => {
  const { agents } = load(
    "agents: {codex: {runtime: native, model: gpt-5, program: /opt/codex, env: {A: b}, secret_env: [C]}}",
  );
  assert.deepEqual(agents.codex, {
    name: "codex",
    runtime: "native",
    image: null,
    network: null,
    allow: [],
    confined: null,
    enabled: true,
    program: "/opt/codex",
    home: "run",
    env: { A: "b" },
    secretEnv: ["C"],
    defaultModel: "gpt-5",
    custom: null,
  });
  assert.equal(agents.claude?.runtime, null);
});

test("a custom agent is described in full", () => {
  const { agents } = load(
    'agents: {aider: {custom: {argv: [aider, "{prompt_file}"], prompt: file, success: {line: "^OK (.*)"}}}}',
  );
  assert.deepEqual(agents.aider?.custom, {
    argv: ["aider", "{prompt_file}"],
    prompt: "file",
    success: { by: "line", pattern: "^OK (.*)" },
    mode: "work",
    install: null,
  });
});

test("an unknown agent needs custom, a built-in one may not have it", () => {
  assert.match(only("agents: {cluade: {}}"), /^1:10 agents\.cluade is not built in; did you mean "claude"\?/);
  assert.match(only("agents: {aider: {}}"), /an agent of your own needs `custom`/);
  assert.match(only("agents: {codex: {custom: {argv: [x]}}}"), /agents\.codex\.custom codex is built in/);
});

test("a custom agent that cannot work is refused", () => {
  assert.match(
    only("agents: {x: {custom: {argv: []}}}"),
    /agents\.x\.custom\.argv is not allowed \(a list of texts\)/,
  );
  assert.match(only("agents: {x: {custom: {argv: ['']}}}"), /argv\.0 is empty/);
  assert.match(only("agents: {x: {custom: {argv: [x], prompt: file}}}"), /nowhere says \{prompt_file\}/);
  assert.match(
    only("agents: {x: {custom: {argv: [x], success: {line: '('}}}}"),
    /success\.line is no regular expression/,
  );
  assert.match(only("agents: {x: {custom: {argv: [x], success: {lin: a}}}}"), /success\.line is missing/);
});

test("no agent may get the server's own credentials, by name or by value", () => {
  const refused = /the server's own credential; no agent may get it/;
  assert.match(only("agents: {codex: {secret_env: [FORGEJO_TOKEN]}}"), refused);
  assert.match(only("agents: {codex: {secret_env: [WEBHOOK_SECRET]}}"), refused);
  assert.match(only("agents: {codex: {secret_env: [MINE]}}", { MINE: FORGEJO.FORGEJO_TOKEN }), refused);
  assert.match(only(`agents: {codex: {env: {MINE: ${FORGEJO.FORGEJO_TOKEN}}}}`), /looks like a secret/);
  assert.match(
    only("agents: {codex: {env: {MY_API_KEY: x}}}"),
    /put it into \.env and its name into secret_env/,
  );
});

test("home: login is only for agents whose login is known, in whatever runtime", () => {
  for (const name of ["codex", "claude", "gemini"])
    assert.equal(only(`agents: {${name}: {home: login}}`), "");
  assert.match(only("agents: {local: {home: login}}"), /no login of local is known/);
  assert.match(only("agents: {x: {home: login, custom: {argv: [x]}}}"), /home: login only for codex, claude/);
});

test("CORE_AGENT_RUNTIME replaces every runtime written in agents.yaml, and no other", () => {
  const yaml = "dispatch: {runtime: docker}\nagents: {codex: {runtime: native}}";
  const config = load(yaml, { ...FORGEJO, CORE_AGENT_RUNTIME: "podman" });
  assert.equal(config.defaults.runtime, "podman");
  assert.equal(config.agents.codex?.runtime, "podman");
  assert.equal(config.agents.claude?.runtime, null);
  assert.equal(load(yaml).defaults.runtime, "docker");
});

test("AGENT_DOCKER_IMAGE wins over dispatch.image", () => {
  const yaml = "dispatch: {image: from-file}";
  assert.equal(load(yaml).defaults.image, "from-file");
  assert.equal(load(yaml, { ...FORGEJO, AGENT_DOCKER_IMAGE: "from-env" }).defaults.image, "from-env");
});
