import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createForgejoForge } from "../../../src/forges/forgejo/forgejo-forge.ts";
import { startLocalForgeWorld } from "../../fakes/local-forge-world.ts";

const LABEL = "dispatch:codex";
const START = Date.parse("2026-11-01T10:00:00Z");

/** Ada's label at second 10, taken off at 20, and bob's at 30; then a label of another name, and sixty comments. */
async function open(t: TestContext) {
  const clock = { ms: START };
  const world = await startLocalForgeWorld({ now: () => clock.ms });
  t.after(() => world.close());
  const { local } = world;
  for (const login of ["ada", "bob"]) await world.createUser(login);
  const repo = await world.createRepo({ owner: "ada", name: "app", files: { a: "a" } });
  const issue = local.openIssue(repo, { by: "ada", title: "Title", body: "" });
  const at = (seconds: number, act: () => void) => {
    clock.ms = START + seconds * 1000;
    act();
  };
  at(10, () => local.addLabel(repo, issue, "ada", LABEL));
  at(20, () => local.removeLabel(repo, issue, "ada", LABEL));
  for (let count = 0; count < 60; count++) at(25, () => local.comment(repo, issue, "ada", "a word"));
  at(30, () => local.addLabel(repo, issue, "bob", LABEL));
  at(40, () => local.addLabel(repo, issue, "ada", "bug"));
  const forge = createForgejoForge({ config: world.forgeConfig(), now: Date.now });
  const labeledBy = async (label: string, since: number, until: number) => {
    const span = { since: START + since * 1000, until: START + until * 1000 };
    const told = await forge.labeledBy?.({ forge: "local", owner: "ada", name: "app" }, issue, label, span);
    return told && [told.by.login, told.by.bot, (told.at - START) / 1000];
  };
  return { local, labeledBy };
}

test("the newest adding of the label in the span counts, taken off again or not", async (t) => {
  const { labeledBy } = await open(t);
  assert.deepEqual(await labeledBy(LABEL, -1_000, 40), ["bob", false, 30]);
  assert.deepEqual(await labeledBy(LABEL, 0, 25), ["ada", false, 10]);
  assert.deepEqual(await labeledBy("bug", 40, 40), ["ada", false, 40]);
});

test("of a label that was not put on in the span nobody can tell, nor where there are no timelines", async (t) => {
  const { local, labeledBy } = await open(t);
  assert.equal(await labeledBy(LABEL, 31, 60), null);
  assert.equal(await labeledBy("other", 0, 60), null);
  for (const status of [404, 403]) {
    const end = local.fail("GET", /\/timeline$/, status);
    assert.equal(await labeledBy(LABEL, 0, 60), null);
    end();
  }
  local.fail("GET", /\/timeline$/, 503);
  await assert.rejects(labeledBy(LABEL, 0, 60), { name: "ForgeError", retryable: true });
});
