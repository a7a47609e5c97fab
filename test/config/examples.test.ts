import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { Ajv } from "ajv";
import { parse } from "yaml";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { VARIABLES } from "../../src/config/variables.ts";
import { FORGEJO, inFolder, SECRET } from "./load-with.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const EXAMPLE = read("agents.example.yaml");
/** Every commented key made live, as a reader would: `# key: value` → `key: value`. */
const UNCOMMENTED = EXAMPLE.replaceAll(/^( *)# ( *[a-z_]+:( .*)?)$/gm, "$1$2");

function loadExample(text: string, env: Record<string, string>): Config {
  return inFolder((cwd) => loadConfig({ env, file: join(ROOT, "agents.yaml"), fileText: text, cwd }));
}

test("agents.example.yaml is valid, and says only defaults", () => {
  const settingsOf = ({ dataDir: _, workspaceRoot: __, ...settings }: Config) => settings;
  assert.deepEqual(settingsOf(loadExample(EXAMPLE, FORGEJO)), settingsOf(loadExample("", FORGEJO)));
});

test("every commented key of agents.example.yaml is valid too", () => {
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  });
  inFolder(
    (cwd) => {
      const env = {
        CODEBERG_TOKEN: "t1",
        CODEBERG_WEBHOOK_SECRET: SECRET,
        WORK_APP_ID: "7",
        WORK_KEY_PATH: join(cwd, "key.pem"),
        WORK_WEBHOOK_SECRET: SECRET,
      };
      // The one path of the example that must lead to a secret of one's own.
      const config = loadExample(UNCOMMENTED.replace("./signing-key", env.WORK_KEY_PATH), env);
      assert.deepEqual(
        config.forges.map(({ name }) => name),
        ["codeberg", "work"],
      );
      assert.equal(config.agents.aider?.custom?.prompt, "file");
      assert.equal(config.agents.codex?.runtime, "native");
    },
    { "key.pem": key.toString() },
  );
});

test("agents.example.yaml names every key there is", () => {
  const schema = JSON.parse(read("agents.schema.json"));
  const names: string[] = [];
  const walk = (node: Record<string, unknown>): void => {
    for (const [name, child] of Object.entries(
      (node.properties ?? {}) as Record<string, Record<string, unknown>>,
    )) {
      names.push(name);
      walk(child);
    }
    if (typeof node.additionalProperties === "object")
      walk(node.additionalProperties as Record<string, unknown>);
  };
  walk(schema);
  assert.ok(names.length > 50);
  assert.deepEqual(
    names.filter((name) => !new RegExp(`\\b${name}:`).test(UNCOMMENTED)),
    [],
  );
});

test("agents.schema.json takes the example and refuses what the server refuses", () => {
  const validate = new Ajv({ formats: { uri: true } }).compile(JSON.parse(read("agents.schema.json")));
  assert.ok(validate(parse(UNCOMMENTED)), JSON.stringify(validate.errors));
  for (const wrong of [
    "dispatch: {agnet: x}",
    "dispatch: {timeout: 30}",
    "agents: {Codex: {}}",
    "forges: {a: {kind: gitlab}}",
  ]) {
    assert.equal(validate(parse(wrong)), false, wrong);
  }
});

test(".env.example names every variable and is valid once a forge is filled in", () => {
  const example = parseEnv(read(".env.example"));
  assert.deepEqual(
    VARIABLES.filter(({ name }) => !(name in example)),
    [],
  );
  const filled = Object.entries({ ...example, ...FORGEJO }).map(([name, value]) => `${name}=${value}`);
  inFolder((cwd) => assert.equal(loadConfig({ env: {}, file: null, cwd }).forges.length, 1), {
    ".env": filled.join("\n"),
  });
});

test(".env.example holds no secret", () => {
  const secrets = Object.entries(parseEnv(read(".env.example"))).filter(([name]) =>
    /KEY|TOKEN|SECRET/.test(name),
  );
  assert.deepEqual(
    secrets.filter(([, value]) => value !== ""),
    [],
  );
});
