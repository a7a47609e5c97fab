import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/model/errors.ts";
import { FORGEJO, inFolder, load, problemsOf } from "./load-with.ts";

const DOT_ENV = Object.entries(FORGEJO)
  .map(([name, value]) => `${name}="${value}"`)
  .join("\n");

test(".env is read, and the real environment wins over it", () => {
  inFolder(
    (cwd) => {
      const config = loadConfig({ env: { PORT: "4000", HOST: "" }, file: null, cwd });
      assert.equal(config.forges[0]?.name, "forgejo");
      assert.deepEqual([config.port, config.host], [4000, "0.0.0.0"]);
    },
    { ".env": `${DOT_ENV}\nPORT=5000\nHOST=0.0.0.0\n` },
  );
});

test("a wrong variable of .env is told with the file and line", () => {
  inFolder(
    (cwd) => {
      assert.throws(
        () => loadConfig({ env: {}, file: null, cwd }),
        (error) =>
          error instanceof ConfigError &&
          error.message.startsWith(`${join(cwd, ".env")}:5:1: LOG_LEVEL: "verbose"`),
      );
    },
    { ".env": `${DOT_ENV}\n# a comment\nexport LOG_LEVEL=verbose\n` },
  );
});

test("a typo in a word, or a number that is no port, is refused with what is allowed", () => {
  assert.deepEqual(
    problemsOf("", { ...FORGEJO, CORE_AGENT_RUNTIME: "dokcer", PORT: "65536", LOG_LEVEL: "inf" }),
    [
      "environment PORT is no port (a whole number from 0 to 65535)",
      'environment LOG_LEVEL "inf" is not one of them; did you mean "info"? (fatal, error, warn, info, debug, trace, silent)',
      'environment CORE_AGENT_RUNTIME "dokcer" is not one of them; did you mean "docker"? (auto, native, docker, podman, apple)',
    ],
  );
});

test("agents are given PATH, HOME, language, time zone, proxies and certificates, and nothing else", () => {
  const passed = {
    PATH: "/bin",
    HOME: "/h",
    LANG: "C",
    LC_ALL: "C",
    TZ: "UTC",
    HTTPS_PROXY: "http://p",
    no_proxy: "x",
    SSL_CERT_FILE: "/c",
    NODE_EXTRA_CA_CERTS: "/d",
  };
  const kept = {
    SSH_AUTH_SOCK: "/s",
    AWS_PROFILE: "p",
    NODE_OPTIONS: "--inspect",
    LD_PRELOAD: "/x",
    PATHS: "no",
  };
  assert.deepEqual(load("", { ...FORGEJO, ...passed, ...kept }).baseEnv, passed);
});

test("everything named like a secret, given to an agent or read for a forge is a secret", () => {
  const env = { ...FORGEJO, OPENAI_API_KEY: "k1", DB_PASSWORD: "p1", MODEL_LOGIN: "l1", EDITOR: "vi" };
  const { secrets } = load("agents: {codex: {secret_env: [MODEL_LOGIN, NOT_SET]}}", env);
  assert.deepEqual(
    { ...secrets },
    {
      FORGEJO_TOKEN: FORGEJO.FORGEJO_TOKEN,
      FORGEJO_WEBHOOK_SECRET: FORGEJO.FORGEJO_WEBHOOK_SECRET,
      CODEX_API_KEY: "k1",
      OPENAI_API_KEY: "k1",
      DB_PASSWORD: "p1",
      MODEL_LOGIN: "l1",
    },
  );
});
