import assert from "node:assert/strict";
import { test } from "node:test";
import { createAgents } from "../../src/agents/registry.ts";
import type { AgentConfig } from "../../src/config/config.ts";
import { Refusal } from "../../src/model/errors.ts";
import { REQUEST } from "../contracts/agent.ts";
import { agentConfig } from "./settings.ts";

function one(name: string, changes: Partial<AgentConfig> = {}) {
  const agent = createAgents({ [name]: agentConfig(name, changes) }, () => 0).get(name);
  assert.ok(agent);
  return agent;
}

test("disabled agents are left out", () => {
  const configs = { codex: agentConfig("codex", { enabled: false }), claude: agentConfig("claude") };
  assert.deepEqual([...createAgents(configs, () => 0).keys()], ["claude"]);
});

test("a name that is neither built in nor custom is refused with those that are", () => {
  for (const name of ["codx", "toString", "__proto__"]) {
    assert.throws(
      () => createAgents({ [name]: agentConfig(name) }, () => 0),
      (error: unknown) =>
        error instanceof Refusal && /unknown agent/.test(error.message) && /codex/.test(error.fix ?? ""),
    );
  }
});

test("another program takes the first argument's place and is the one looked for", () => {
  const agent = one("claude", { program: "/opt/claude" });
  assert.equal(agent.program.name, "/opt/claude");
  assert.equal(agent.launch(REQUEST).argv[0], "/opt/claude");
});

test("the admin's env is laid over the adapter's own", () => {
  const { env } = one("claude", { env: { CLAUDE_CODE_MAX_RETRIES: "9", EXTRA: "1" } }).launch(REQUEST);
  assert.equal(env.CLAUDE_CODE_MAX_RETRIES, "9");
  assert.equal(env.EXTRA, "1");
  assert.equal(env.IS_SANDBOX, "1");
});

test("OPENAI_BASE_URL reaches codex by the file it reads", () => {
  const { files } = one("codex", { env: { OPENAI_BASE_URL: "http://proxy/v1" } }).launch(REQUEST);
  assert.deepEqual(
    files.map(({ content }) => content),
    ['openai_base_url = "http://proxy/v1"\n'],
  );
});

test("an agent that is lent a login gets no key, and one that has a key no login", () => {
  for (const name of ["codex", "gemini", "claude"]) {
    const lent = one(name, { home: "login" });
    assert.deepEqual([lent.logins.length, lent.launch(REQUEST).secretEnv], [1, []], name);
    assert.deepEqual(one(name).logins, [], name);
    assert.notDeepEqual(one(name).launch(REQUEST).secretEnv, [], name);
  }
});

test("no login is a file that could name a program to run", () => {
  for (const name of ["codex", "gemini", "claude"]) {
    for (const { path, fields, secrets, renewed } of one(name, { home: "login" }).logins) {
      assert.doesNotMatch(path, /settings|config|\.toml$|\.claude\.json$/);
      for (const field of [...secrets, ...renewed]) assert.ok(fields.includes(field.split(".")[0] as string));
    }
  }
});

test("gemini is told which way to log in", () => {
  const [file] = one("gemini", { home: "login" }).launch(REQUEST).files;
  assert.match(file?.content ?? "", /"selectedType": "oauth-personal"/);
});

test("the default model counts where none was named, for the mode as well", () => {
  const agent = one("codex", { defaultModel: "review" });
  assert.equal(agent.mode(null), "review");
  assert.match(agent.launch(REQUEST).stdin, /git diff /);
  assert.equal(agent.mode("gpt-5.4"), "work");
});

for (const model of ["--config=x", "-x", "a b", "a\nb", "a;b", "$(x)", "a".repeat(200), "../x", "{model}"]) {
  test(`${JSON.stringify(model.slice(0, 12))} is no model's name`, () => {
    assert.throws(() => one("codex").launch({ ...REQUEST, model }), Refusal);
  });
}

for (const model of ["gpt-5.4-mini", "opus[1m]", "qwen3:8b", "openai/gpt-5", "claude-opus-4@20260101"]) {
  test(`${model} is a model's name`, () => {
    assert.ok(
      one("claude")
        .launch({ ...REQUEST, model })
        .argv.includes(model),
    );
  });
}
