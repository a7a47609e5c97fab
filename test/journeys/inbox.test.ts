import assert from "node:assert/strict";
import { test } from "node:test";
import { WEBHOOK_SECRET } from "./bot.ts";
import { answer, answers, finalAnswer, openDesk, say } from "./person.ts";
import { onBothForges } from "./worlds.ts";

const WORK = ["write greeting.txt Hello", "commit Add a greeting"];

onBothForges(
  "the inbox",
  () => ({}),
  (stage, kind) => {
    test("the same delivery again starts nothing more", async () => {
      const { world } = stage();
      const desk = await openDesk(world, WORK);
      const comment = await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      const delivery = world
        .deliveries()
        .find((one) => one.body.includes(`${comment}`) && one.body.includes("/dispatch"));
      assert.ok(delivery);
      const again = await world.redeliver(delivery.id);
      await world.waitFor(
        () => world.deliveries().some((one) => one.id === again && one.status !== null && one.status < 300),
        "the redelivery",
      );
      await say(desk, "/dispatch status");
      await world.waitFor(async () => (await answers(desk)).length === 3, "a reply to status");
      assert.equal((await world.pulls(desk.repo)).length, 1);
    });

    test("the same comment under a new delivery id starts one run", async () => {
      const { world, bot } = stage();
      const desk = await openDesk(world, WORK);
      const comment = await say(desk, "/dispatch");
      await finalAnswer(desk, /pull request/i);
      const delivery = world
        .deliveries()
        .find((one) => one.body.includes(`${comment}`) && one.body.includes("/dispatch"));
      assert.ok(delivery);
      const headers = Object.fromEntries(
        Object.entries(delivery.headers).map(([name, value]) => [
          name,
          /delivery/i.test(name) ? crypto.randomUUID() : value,
        ]),
      );
      const reply = await fetch(`${bot.app.url}/api/webhooks/${bot.config.forges[0]?.name}`, {
        method: "POST",
        headers,
        body: delivery.body,
      });
      assert.ok(reply.status < 300, `accepted: ${reply.status}`);
      await say(desk, "/dispatch status");
      await world.waitFor(async () => (await answers(desk)).length === 3, "a reply to status");
      assert.equal((await world.pulls(desk.repo)).length, 1);
    });

    test("a webhook is answered within a second while the forge's API hangs, and served when it is back", async () => {
      const { world } = stage();
      const desk = await openDesk(world, WORK);
      const release = world.hang(/collaborators|^\/user\//);
      const before = Date.now();
      const comment = await say(desk, "/dispatch");
      const arrived = () =>
        world.deliveries().find((one) => one.body.includes(`${comment}`) && one.body.includes("/dispatch"));
      await world.waitFor(
        () => arrived()?.status !== null && arrived() !== undefined,
        "the webhook's answer",
      );
      assert.ok((arrived()?.status ?? 0) < 300);
      assert.ok(Date.now() - before < 1000, `answered after ${Date.now() - before} ms`);
      release();
      await finalAnswer(desk, /pull request/i, 60_000);
    });

    test("an answer that the forge refuses for a while is given once it is back, once", async () => {
      const { world } = stage();
      const desk = await openDesk(world, ["exit 4"]);
      const end = world.fail("POST", new RegExp(`${desk.repo}/issues/${desk.issue}/comments`), 503, {
        times: 2,
      });
      await say(desk, "/dispatch");
      await answer(desk, /code 4/, 60_000);
      end();
      assert.equal((await answers(desk)).length, 2);
    });

    test("a wrong signature, type, body or size is refused without a hint", async () => {
      const { bot } = stage();
      const url = `${bot.app.url}/api/webhooks/${bot.config.forges[0]?.name}`;
      const headers = {
        "content-type": "application/json",
        [kind === "github" ? "x-github-event" : "x-forgejo-event"]: "issue_comment",
        [kind === "github" ? "x-github-delivery" : "x-forgejo-delivery"]: crypto.randomUUID(),
        "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
      };
      const send = (more: Record<string, string>, body: string) =>
        fetch(url, { method: "POST", headers: { ...headers, ...more }, body });
      const wrong = await send({}, "{}");
      assert.equal(wrong.status, 401);
      const text = await wrong.text();
      assert.doesNotMatch(text, /signature|secret|header/i);
      assert.ok(!text.includes(WEBHOOK_SECRET));
      assert.equal((await send({ "content-type": "text/plain" }, "{}")).status, 415);
      assert.equal((await fetch(url)).status, 405);
      assert.equal((await fetch(`${bot.app.url}/api/webhooks/nobody`, { method: "POST" })).status, 404);
    });
  },
);
