import assert from "node:assert/strict";
import { test } from "node:test";
import { createCodex } from "../../../src/agents/codex/codex.ts";
import { REQUEST } from "../../contracts/agent.ts";

const codex = (baseUrl: string | null = null) => createCodex({ baseUrl, ollamaUrl: null, now: () => 0 });

test("a review is told what to look at, what for, and to change nothing, before what was asked", () => {
  const { stdin } = codex().launch({ ...REQUEST, model: "review", reviewFrom: null });
  for (const part of [
    "git diff HEAD~2",
    "bugs",
    "security",
    "missing tests",
    "naming",
    "Change nothing",
    '"pass" or "fail"',
  ]) {
    assert.ok(stdin.includes(part), part);
  }
  assert.ok(stdin.endsWith(REQUEST.prompt));
});

test("a review on a pull request looks at what the pull request changes", () => {
  const { stdin } = codex().launch({ ...REQUEST, model: "review" });
  assert.ok(stdin.includes(`git diff ${REQUEST.reviewFrom} HEAD`));
  assert.ok(!stdin.includes("HEAD~2"));
});

test("any other model gets the prompt as it is", () => {
  assert.equal(codex().launch({ ...REQUEST, model: "gpt-5.4" }).stdin, REQUEST.prompt);
});

test("another endpoint is written to codex's own configuration, quoted", () => {
  assert.deepEqual(codex().launch(REQUEST).files, []);
  assert.deepEqual(codex('http://127.0.0.1:1/v1"').launch(REQUEST).files, [
    { in: "home", path: ".codex/config.toml", content: 'openai_base_url = "http://127.0.0.1:1/v1\\""\n' },
  ]);
});

test("an endpoint stands above whatever is configured, as an option", () => {
  const endpoint = { url: "http://127.0.0.1:1/provider", token: "run-token", variable: "CODEX_API_KEY" };
  const { argv, endpointEnv } = codex("https://llm.example.com/v1").launch({ ...REQUEST, endpoint });
  assert.equal(argv[argv.indexOf('openai_base_url="http://127.0.0.1:1/provider"') - 1], "-c");
  assert.deepEqual(endpointEnv, { CODEX_API_KEY: "run-token" });
});

test("a model of Ollama's has Ollama for its provider, where it was configured, and no key", () => {
  const agent = createCodex({ baseUrl: null, ollamaUrl: "http://10.0.0.7:11434/v1", now: () => 0 });
  assert.deepEqual(agent.provider("lemer"), { baseUrl: "http://10.0.0.7:11434", keys: [], hosts: [] });
  assert.equal(agent.provider("gpt-5")?.baseUrl, "https://api.openai.com/v1");
  const endpoint = { url: "http://127.0.0.1:1/provider", token: "run-token", variable: null };
  const { argv, endpointEnv } = agent.launch({ ...REQUEST, model: "lemer", endpoint });
  assert.deepEqual(endpointEnv, { CODEX_OSS_BASE_URL: "http://127.0.0.1:1/provider/v1" });
  assert.ok(!argv.some((argument) => argument.includes("openai_base_url")));
});

test("a profile is written, for codex silently ignores a missing one", () => {
  assert.deepEqual(codex().launch({ ...REQUEST, model: "lemma" }).files, [
    { in: "home", path: ".codex/lemma.config.toml", content: 'model = "lemma"\nmodel_provider = "ollama"\n' },
  ]);
});

test("the result file's path has no dots to resolve, which codex refuses", () => {
  const paths = { ...REQUEST.paths, meta: "/workspace/repo/../.meta" };
  assert.ok(
    codex()
      .launch({ ...REQUEST, paths })
      .argv.includes("/workspace/.meta/agent-codex.log"),
  );
});
