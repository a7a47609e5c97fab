import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { FORGEJO, inFolder, load, problemsOf, SECRET } from "./load-with.ts";

const KEY = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs1", format: "pem" })
  .toString();
const APP = { APP_ID: "123", PRIVATE_KEY: KEY, WEBHOOK_SECRET: SECRET };

test("an App in the environment makes a forge named github", () => {
  const [forge, ...others] = load("", { ...APP, WEBHOOK_PROXY_URL: "https://smee.io/x" }).forges;
  assert.deepEqual(others, []);
  assert.deepEqual(forge, {
    kind: "github",
    name: "github",
    baseUrl: null,
    auth: { as: "app", appId: 123, privateKey: KEY },
    webhookSecret: SECRET,
    webhookProxy: "https://smee.io/x",
  });
});

test("a private key is taken with escaped line ends, in base64, or from its file", () => {
  const keyOf = (env: Record<string, string>): unknown => {
    const forge = load("", { APP_ID: "1", WEBHOOK_SECRET: SECRET, ...env }).forges[0];
    return forge?.kind === "github" && forge.auth.as === "app" && forge.auth.privateKey;
  };
  assert.equal(keyOf({ PRIVATE_KEY: KEY.replaceAll("\n", "\\n") }), KEY);
  assert.equal(keyOf({ PRIVATE_KEY: Buffer.from(KEY).toString("base64") }), KEY);
  inFolder((cwd) => assert.equal(keyOf({ PRIVATE_KEY_PATH: join(cwd, "app.pem") }), KEY), { "app.pem": KEY });
});

test("the key's file is secret too", () => {
  inFolder(
    (cwd) => {
      const env = { APP_ID: "1", WEBHOOK_SECRET: SECRET, PRIVATE_KEY_PATH: "app.pem" };
      assert.ok(Object.values(loadConfig({ env, file: null, cwd }).secrets).includes(KEY));
    },
    { "app.pem": KEY },
  );
});

test("a token makes the forge github, and GHE_HOST points it at an enterprise server", () => {
  const env = { GITHUB_TOKEN: "t1", WEBHOOK_SECRET: SECRET, GHE_HOST: "ghe.example.com" };
  const [forge] = load("", env).forges;
  assert.ok(forge?.kind === "github");
  assert.deepEqual(forge.auth, { as: "token", token: "t1" });
  assert.equal(forge.baseUrl, "https://ghe.example.com/api/v3");
});

test("a GITHUB_TOKEN that lies around for other programs adds no forge beside another", () => {
  assert.deepEqual(
    load("", { ...FORGEJO, GITHUB_TOKEN: "t1" }).forges.map(({ name }) => name),
    ["forgejo"],
  );
});

test("FORGEJO_URL makes a forge named forgejo, without the trailing slash", () => {
  assert.deepEqual(load("").forges, [
    {
      kind: "forgejo",
      name: "forgejo",
      url: "https://codeberg.org",
      token: "forgejo-token-1",
      webhookSecret: SECRET,
      webhookProxy: null,
    },
  ]);
});

test("several forges stand in agents.yaml beside the environment's", () => {
  const yaml = [
    "forges:",
    "  tea: {kind: gitea, url: https://tea.example, token_env: TEA_TOKEN, webhook_secret_env: TEA_SECRET}",
    "  ghe: {kind: github, url: https://ghe.example/api/v3/, token_env: GHE_TOKEN, webhook_secret_env: TEA_SECRET}",
  ].join("\n");
  const config = load(yaml, { ...FORGEJO, TEA_TOKEN: "t2", TEA_SECRET: SECRET, GHE_TOKEN: "t3" });
  assert.deepEqual(
    config.forges.map(({ name, kind }) => `${name} ${kind}`),
    ["tea forgejo", "ghe github", "forgejo forgejo"],
  );
  assert.ok(config.forges[1]?.kind === "github" && config.forges[1].baseUrl === "https://ghe.example/api/v3");
});

test("no forge at all is refused with both ways to set one up", () => {
  const [problem] = problemsOf("", {});
  assert.match(problem ?? "", /forges no forge is set up \(set APP_ID.*FORGEJO_URL.*agents\.yaml\)$/);
});

test("a webhook secret that is missing, short or Probot's default is refused", () => {
  const withSecret = (secret: string) =>
    problemsOf("", { ...FORGEJO, FORGEJO_WEBHOOK_SECRET: secret })[0] ?? "";
  assert.match(withSecret(""), /^environment FORGEJO_WEBHOOK_SECRET is not set/);
  assert.match(
    withSecret("fifteen-letters"),
    /^environment FORGEJO_WEBHOOK_SECRET is shorter than 16 characters; make one/,
  );
  assert.match(withSecret("development"), /^environment FORGEJO_WEBHOOK_SECRET is Probot's public default/);
  assert.equal(withSecret("sixteen-letters!"), "");
});

test("half a GitHub or Forgejo set-up says which half is missing", () => {
  assert.match(
    problemsOf("", { APP_ID: "1", WEBHOOK_SECRET: SECRET })[0] ?? "",
    /PRIVATE_KEY_PATH is not set/,
  );
  assert.match(problemsOf("", { ...APP, APP_ID: "my-app" })[0] ?? "", /APP_ID is no App id/);
  assert.match(
    problemsOf("", { ...APP, PRIVATE_KEY: "nonsense" })[0] ?? "",
    /PRIVATE_KEY holds no private key/,
  );
  assert.match(problemsOf("", { WEBHOOK_SECRET: SECRET })[0] ?? "", /WEBHOOK_SECRET is set, but neither/);
  assert.match(
    problemsOf("", { FORGEJO_TOKEN: "t" })[0] ?? "",
    /FORGEJO_URL is not set, but FORGEJO_TOKEN is/,
  );
  assert.match(problemsOf("", { ...FORGEJO, FORGEJO_TOKEN: "" })[0] ?? "", /FORGEJO_TOKEN is not set/);
});

test("a forge of agents.yaml that lacks its credentials is refused at its place", () => {
  const yaml =
    "forges:\n  a: {kind: github, webhook_secret_env: S}\n  b: {kind: forgejo, webhook_secret_env: S, app_id_env: S}\n  c: {kind: github, url: https://github.com, webhook_secret_env: S, app_id_env: N}";
  assert.deepEqual(
    problemsOf(yaml, { S: SECRET, N: "1" }).map((problem) => problem.replace(/ \(.*/, "")),
    [
      "2:3 forges.a has no credentials",
      "3:3 forges.b.url is missing; forgejo needs it",
      "3:3 forges.b.token_env is missing; forgejo needs it",
      "3:45 forges.b.app_id_env is only for kind: github",
      "4:3 forges.c names only one half of an App's credentials",
      "4:26 forges.c.url is github.com",
    ],
  );
});
