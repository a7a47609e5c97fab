import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { connect } from "./connect.ts";

test("the App's installation on a repository is looked up once", async (t) => {
  const { world, forge, repo } = await connect(t);
  await forge.repository(repo);
  world.fail("GET", /\/installation$/, 500);
  await forge.repository(repo);
  await forge.repository({ ...repo, owner: "ACME" });
});

test("an installation that is gone is forgotten, so that a new one is found", async (t) => {
  const { world, forge, repo } = await connect(t);
  const end = world.answer("GET", /\/installation$/, 200, { id: 999_999 });
  await assert.rejects(forge.repository(repo), { name: "ForgeError", status: 404 });
  end();
  assert.equal((await forge.repository(repo)).defaultBranch, "main");
});

test("a repository the App is not installed on is said to be so", async (t) => {
  const { world, forge, repo } = await connect(t);
  world.fail("GET", /\/installation$/, 404);
  await assert.rejects(forge.comment(repo, 1, "hello", ours), {
    name: "ForgeError",
    status: 404,
    message:
      /^commenting on acme\/app#1: finding the App's installation: .*check its name, or install the App on it$/,
  });
});

test("with a token there is no installation to look for", async (t) => {
  const { world, forge, repo } = await connect(t, "token");
  world.fail("GET", /\/installation$/, 500);
  assert.equal((await forge.repository(repo)).defaultBranch, "main");
});
