/** An agent's environment holds what it needs and nothing that opens a forge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import { type EnvironmentOptions, runEnvironment } from "../../src/supervisor/env.ts";

const CANARIES = {
  FORGEJO_TOKEN: "canary-forgejo-token",
  GITHUB_TOKEN: "canary-github-token",
  WEBHOOK_SECRET: "canary-webhook-secret",
  PRIVATE_KEY: "canary-private-key",
  HOME_FORGE_TOKEN: "canary-named-by-the-admin",
};

const options: EnvironmentOptions = {
  base: {
    PATH: "/bin",
    LANG: "C.UTF-8",
    https_proxy: "http://proxy:1",
    LD_PRELOAD: "/evil.so",
    SECRET_X: "y",
  },
  spec: { env: { CODEX_HOME: "/home/a/.codex" }, secretEnv: ["CODEX_API_KEY"] },
  secrets: {
    ...CANARIES,
    CODEX_API_KEY: "sk-codex-key",
    ANTHROPIC_API_KEY: "sk-claude-key",
    EXTRA: "extra-key",
  },
  extraSecretNames: ["EXTRA", "NOT_SET"],
  home: "/home/a",
  git: { name: "Bot", email: "bot@example.org" },
  runId: "r1",
  attempt: 2,
  tmp: "/meta/tmp",
};

test("the environment is this and no more", () => {
  assert.deepEqual(runEnvironment(options), {
    PATH: "/bin",
    LANG: "C.UTF-8",
    https_proxy: "http://proxy:1",
    TERM: "dumb",
    NO_COLOR: "1",
    CI: "true",
    GIT_AUTHOR_NAME: "Bot",
    GIT_AUTHOR_EMAIL: "bot@example.org",
    GIT_COMMITTER_NAME: "Bot",
    GIT_COMMITTER_EMAIL: "bot@example.org",
    GIT_TERMINAL_PROMPT: "0",
    CODEX_HOME: "/home/a/.codex",
    CODEX_API_KEY: "sk-codex-key",
    EXTRA: "extra-key",
    HOME: "/home/a",
    TMPDIR: "/meta/tmp",
    AGENT_DISPATCH_RUN: "r1.2",
  });
});

test("no forge credential is in it, under any name", () => {
  const text = JSON.stringify(runEnvironment({ ...options, base: { ...options.base, ...CANARIES } }));
  assert.ok(!text.includes("canary"), text);
});

for (const name of ["FORGEJO_TOKEN", "GITHUB_TOKEN", "WEBHOOK_SECRET", "PRIVATE_KEY", "GH_TOKEN"]) {
  test(`asking for ${name} by name is refused`, () => {
    assert.throws(() => runEnvironment({ ...options, extraSecretNames: [name] }), Refusal);
  });
}

test("a forge's token put into a plain setting is refused, without telling its value", () => {
  const env = { REMOTE: `https://x:${CANARIES.HOME_FORGE_TOKEN}@forge/` };
  assert.throws(
    () => runEnvironment({ ...options, spec: { ...options.spec, env } }),
    (error: unknown) =>
      error instanceof Refusal &&
      /REMOTE.*HOME_FORGE_TOKEN/.test(error.message) &&
      !/canary/.test(error.message),
  );
});

test("a forge's token set under its own name is refused too", () => {
  const env = { HOME_FORGE_TOKEN: CANARIES.HOME_FORGE_TOKEN };
  assert.throws(() => runEnvironment({ ...options, spec: { ...options.spec, env } }), Refusal);
});

test("two variables with one key are no leak", () => {
  const secrets = { ...options.secrets, OPENAI_API_KEY: "sk-codex-key" };
  assert.equal(runEnvironment({ ...options, secrets }).CODEX_API_KEY, "sk-codex-key");
});

test("a proxy's address with its password gets in under its own name", () => {
  const https_proxy = "http://user:a-long-password@proxy:1";
  const secrets = { ...options.secrets, https_proxy };
  const env = runEnvironment({ ...options, secrets, base: { ...options.base, https_proxy } });
  assert.equal(env.https_proxy, https_proxy);
});

test("a setting cannot take the run's home, marker or temporary folder", () => {
  const env = { HOME: "/root", TMPDIR: "/", AGENT_DISPATCH_RUN: "other.1" };
  const made = runEnvironment({ ...options, spec: { ...options.spec, env } });
  assert.deepEqual([made.HOME, made.TMPDIR, made.AGENT_DISPATCH_RUN], ["/home/a", "/meta/tmp", "r1.2"]);
});
