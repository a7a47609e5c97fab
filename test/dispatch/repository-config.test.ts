import assert from "node:assert/strict";
import { test } from "node:test";
import { createRepositoryConfigs } from "../../src/dispatch/repository-config.ts";
import { ConfigError, ForgeError } from "../../src/model/errors.ts";
import { FakeForge } from "../fakes/forge.ts";
import { REPO } from "./happenings.ts";

function reader(kind: "github" | "forgejo" = "forgejo") {
  const forge = new FakeForge("codeberg", kind);
  const clock = { ms: 1_000 };
  const configs = createRepositoryConfigs(() => clock.ms);
  return { forge, clock, read: (repo = REPO) => configs(repo, forge) };
}

test("a repository without a file has nothing of its own", async () => {
  assert.equal(await reader().read(), null);
});

test("Forgejo's own place goes before GitHub's, and both are read there; GitHub has one", async () => {
  const forgejo = reader();
  forgejo.forge.files.set(".github/dispatch.yml", "agents: [a]\n");
  assert.deepEqual((await forgejo.read())?.agents, ["a"]);
  const both = reader();
  both.forge.files.set(".github/dispatch.yml", "agents: [a]\n").set(".forgejo/dispatch.yml", "agents: [b]\n");
  assert.deepEqual((await both.read())?.agents, ["b"]);
  const github = reader("github");
  github.forge.files.set(".forgejo/dispatch.yml", "agents: [b]\n");
  assert.equal(await github.read(), null);
});

test("it is asked for once in half a minute, also when there is none, for any spelling of the name", async () => {
  const { forge, clock, read } = reader("github");
  await read();
  await read({ ...REPO, owner: "ACME" });
  assert.equal(forge.calls.length, 1);
  forge.files.set(".github/dispatch.yml", "enabled: false\n");
  clock.ms += 30_000;
  assert.equal((await read())?.enabled, false);
});

test("what could not be read, or not be understood, is not kept", async () => {
  const { forge, read } = reader("github");
  forge.fail("file", new ForgeError("reading a file: no answer", 0, true));
  await assert.rejects(read(), ForgeError);
  forge.files.set(".github/dispatch.yml", "colour: red\n");
  await assert.rejects(read(), ConfigError);
  forge.files.set(".github/dispatch.yml", "users: [alice]\n");
  assert.deepEqual((await read())?.users, ["alice"]);
});
