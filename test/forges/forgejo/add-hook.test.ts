import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { addHook } from "../../../src/forges/forgejo/add-hook.ts";
import { openForgejo } from "./world.ts";

const SECRET = "a secret of more than sixteen characters";

async function receiver(t: TestContext): Promise<string> {
  const server = createServer((req, res) => void req.resume().on("end", () => res.writeHead(204).end()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/forgejo`;
}

async function open(t: TestContext, options: { botAdmin?: boolean } = {}) {
  const opened = await openForgejo(t, options);
  const config = { ...opened.world.forgeConfig(), webhookSecret: SECRET };
  const hook = { config, now: Date.now, owner: "acme", name: "app", url: await receiver(t) };
  return { ...opened, hook };
}

test("the made webhook sends what the bot needs, signed with its secret", async (t) => {
  const { world, name, issue, hook } = await open(t);
  assert.equal((await addHook(hook)).replaced, false);
  await world.comment(name, issue, "acme", "hello");
  await world.addLabel(name, issue, "acme", "bug");
  await world.closeIssue(name, issue, "acme");
  await world.commit(name, { by: "acme", branch: "work", files: { a: "a" }, message: "Not asked for" });
  await world.waitFor(
    () => world.deliveries().length === 3 && world.deliveries().every((one) => one.status === 204),
  );
  assert.deepEqual(
    world.deliveries().map(({ event }) => event),
    ["issue_comment", "issue_label", "issues"],
  );
  assert.match(world.deliveries()[0]?.headers["x-forgejo-signature"] ?? "", /^[0-9a-f]{64}$/);
});

test("adding it again replaces it, so that nothing is sent twice and the new secret counts", async (t) => {
  const { world, name, issue, hook } = await open(t);
  const first = await addHook(hook);
  const second = await addHook({ ...hook, config: { ...hook.config, webhookSecret: `${SECRET}, but new` } });
  assert.deepEqual([first.replaced, second.replaced], [false, true]);
  await world.comment(name, issue, "acme", "hello");
  assert.equal(world.deliveries().length, 1);
});

test("Gitea, which knows no type of Forgejo's, gets its own", async (t) => {
  const { world, name, issue, hook } = await open(t);
  world.fail("POST", /\/hooks$/, 422, { times: 1 });
  await addHook(hook);
  await world.comment(name, issue, "acme", "hello");
  assert.equal(world.deliveries().length, 1);
});

test("an organisation's webhook hears of all its repositories", async (t) => {
  const { world, local, hook } = await open(t);
  local.createTeam("guild", "Owners", ["dispatch-bot"]);
  await addHook({ ...hook, owner: "guild", name: null });
  const name = await world.createRepo({ owner: "guild", name: "tool", files: { a: "a" } });
  await world.openIssue(name, { by: "guild", title: "Hello", body: "" });
  assert.equal(world.deliveries().length, 1);
});

test("a bot that may not add webhooks is told what it lacks", async (t) => {
  const { hook } = await open(t, { botAdmin: false });
  await assert.rejects(
    addHook(hook),
    /adding the webhook to acme\/app \(the bot's account must administer it\)/,
  );
});
