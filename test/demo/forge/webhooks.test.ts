import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { Disturbance } from "../../../src/demo/forge/faults.ts";
import type { Hook } from "../../../src/demo/forge/state.ts";
import { webhookSender } from "../../../src/demo/forge/webhooks.ts";

const WAIT_MS = 5_000;

async function open(
  t: TestContext,
  status: number | null,
  timeoutMs?: number,
  disturbance?: () => Disturbance | null,
) {
  const got: { body: string; headers: IncomingMessage["headers"] }[] = [];
  const server = createServer(async (req, res) => {
    got.push({ body: await text(req), headers: req.headers });
    if (status !== null) res.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sender = webhookSender(() => {}, disturbance, timeoutMs);
  t.after(async () => {
    await sender.close();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const hook: Hook = { id: 1, type: "forgejo", url, secret: "s", active: true, events: null };
  return { got, sender, hook };
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!condition()) {
    assert.ok(Date.now() < end, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const HAPPENING = {
  repo: "ada/app",
  event: "issues",
  type: "issue_label",
  payload: { action: "label_updated" },
};

test("a webhook bears the coarse event and the finer type under all four names", async (t) => {
  const { got, sender, hook } = await open(t, 200);
  sender.send([hook], HAPPENING);
  await until(() => got.length === 1);
  for (const family of ["forgejo", "gitea", "gogs", "github"]) {
    assert.equal(got[0]?.headers[`x-${family}-event`], "issues");
    assert.equal(got[0]?.headers[`x-${family}-event-type`], "issue_label");
    assert.equal(got[0]?.headers[`x-${family}-delivery`], sender.sent()[0]?.id);
  }
});

test("the body is written as Go does: indented, and with escapes for what HTML and JavaScript mind", async (t) => {
  const { got, sender, hook } = await open(t, 200);
  const payload = { action: "created", body: "<b> & \u2028\u2029é", labels: [], inner: { id: 1 } };
  sender.send([hook], { ...HAPPENING, payload });
  await until(() => got.length === 1);
  const lines = [
    "{",
    '  "action": "created",',
    String.raw`  "body": "\u003cb\u003e \u0026 \u2028\u2029é",`,
    '  "labels": [],',
    '  "inner": {',
    '    "id": 1',
    "  }",
    "}",
  ];
  assert.equal(got[0]?.body, lines.join("\n"));
});

test("with an empty secret the signature is there, and empty", async (t) => {
  const { got, sender, hook } = await open(t, 200);
  sender.send([{ ...hook, secret: "" }], HAPPENING);
  await until(() => got.length === 1);
  assert.equal(got[0]?.headers["x-hub-signature-256"], "sha256=");
  assert.equal(got[0]?.headers["x-forgejo-signature"], "");
});

test("webhooks of one hook arrive in order", async (t) => {
  const { got, sender, hook } = await open(t, 200);
  const numbers = Array.from({ length: 20 }, (_, at) => at);
  for (const at of numbers) sender.send([hook], { ...HAPPENING, payload: { at } });
  await until(() => got.length === numbers.length);
  assert.deepEqual(
    got.map(({ body }) => (JSON.parse(body) as { at: number }).at),
    numbers,
  );
});

test("a refused delivery is not sent again by itself; by hand it has a new id", async (t) => {
  const { got, sender, hook } = await open(t, 500);
  sender.send([hook], HAPPENING);
  await until(() => sender.sent()[0]?.status === 500);
  const [first] = sender.sent();
  const id = sender.redeliver(first?.id ?? "");
  await until(() => sender.sent()[1]?.status === 500);
  assert.notEqual(id, first?.id);
  assert.equal(got.length, 2);
  assert.equal(got[1]?.headers["x-forgejo-delivery"], id);
  assert.equal(got[1]?.body, got[0]?.body);
});

test("a receiver that does not answer is given up, and the next delivery goes out", async (t) => {
  const { got, sender, hook } = await open(t, null, 50);
  sender.send([hook], HAPPENING);
  sender.send([hook], HAPPENING);
  await until(() => sender.sent().every(({ status }) => status === 0));
  assert.equal(got.length, 2);
});

test("a hook hears only what it asked for", async (t) => {
  const { sender, hook } = await open(t, 200);
  sender.send(
    [
      { ...hook, events: ["issues"] },
      { ...hook, id: 2, active: false },
    ],
    HAPPENING,
  );
  assert.deepEqual(sender.sent(), []);
});

test("a lost webhook counts as sent without an answer, and can be sent again by hand", async (t) => {
  const { got, sender, hook } = await open(t, 200, undefined, () => ({ kind: "drop" }));
  sender.send([hook], HAPPENING);
  assert.deepEqual([sender.sent()[0]?.status, got.length], [0, 0]);
  sender.redeliver(sender.sent()[0]?.id ?? "");
  await until(() => got.length === 1);
});

test("a doubled webhook arrives twice with one id", async (t) => {
  const { got, sender, hook } = await open(t, 200, undefined, () => ({ kind: "duplicate" }));
  sender.send([hook], HAPPENING);
  await until(() => got.length === 2);
  assert.equal(new Set(got.map(({ headers }) => headers["x-forgejo-delivery"])).size, 1);
  assert.equal(sender.sent().length, 1);
});

test("a late webhook is overtaken by those after it, and one that is still late goes with the forge", async (t) => {
  const turns: Disturbance[] = [
    { kind: "delay", ms: 40 },
    { kind: "delay", ms: 600_000 },
  ];
  const { got, sender, hook } = await open(t, 200, undefined, () => turns.shift() ?? null);
  for (const at of [1, 2, 3]) sender.send([hook], { ...HAPPENING, payload: { at } });
  await until(() => got.length === 2);
  assert.deepEqual(
    got.map(({ body }) => (JSON.parse(body) as { at: number }).at),
    [3, 1],
  );
  assert.equal(sender.sent()[1]?.status, null);
});
