import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { makePlace, type Place, startServer } from "./server.ts";

const SECRET = "the secret of this test's webhooks";
const SENDERS = 24;

const ENVIRONMENT = {
  // Nobody listens there: the deliveries can be read, but not answered.
  FORGEJO_URL: "http://127.0.0.1:9",
  FORGEJO_TOKEN: "a-token-of-forty-characters-or-thereabouts",
  FORGEJO_WEBHOOK_SECRET: SECRET,
  LOG_LEVEL: "info",
};

const person = { id: 2, login: "alice" };

/** A comment with a command, as Forgejo sends it; every other one concerns nobody. */
function bodyOf(count: number): string {
  const at = "2026-11-22T19:14:00Z";
  const issue = {
    id: count,
    number: (count % 40) + 1,
    title: "An issue",
    body: "x".repeat(500),
    user: person,
    labels: [],
    html_url: "http://127.0.0.1:9/acme/shop/issues/1",
    updated_at: at,
    created_at: at,
    state: "open",
  };
  const comment = {
    id: count,
    body: "/dispatch",
    user: person,
    created_at: at,
    updated_at: at,
    html_url: "",
  };
  const repository = { id: 1, name: "shop", full_name: "acme/shop", owner: { id: 3, login: "acme" } };
  return JSON.stringify({ action: "created", issue, comment, repository, sender: person, is_pull: false });
}

/** The HTTP status, or null when the connection broke. */
function deliver(url: string, agent: Agent, id: string, count: number): Promise<number | null> {
  const body = bodyOf(count);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-forgejo-event": count % 2 ? "issue_comment" : "push",
    "x-forgejo-event-type": count % 2 ? "issue_comment" : "push",
    "x-forgejo-delivery": id,
    "x-forgejo-signature": createHmac("sha256", SECRET).update(body).digest("hex"),
  };
  return new Promise((resolve) => {
    const sent = request(`${url}/api/webhooks/forgejo`, { method: "POST", agent, headers }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? null);
    });
    sent.on("error", () => resolve(null));
    sent.end(body);
  });
}

/** Sends without a pause until the server is killed in the middle of it; returns the ids that got a 2xx. */
async function loadAndKill(place: Place, enough: number): Promise<readonly string[]> {
  const server = await startServer(place, ENVIRONMENT);
  const agent = new Agent({ keepAlive: true, maxSockets: SENDERS });
  const acknowledged: string[] = [];
  let count = 0;
  let killed: Promise<void> | null = null;
  const send = async () => {
    while (!killed) {
      const id = randomUUID();
      const status = await deliver(server.url, agent, id, ++count);
      if (status === null) continue;
      assert.ok(status >= 200 && status < 300, `answered ${status}`);
      acknowledged.push(id);
      if (acknowledged.length >= enough) killed ??= server.end("SIGKILL");
    }
  };
  try {
    await Promise.all(Array.from({ length: SENDERS }, send));
  } finally {
    await server.end("SIGKILL");
    agent.destroy();
  }
  return acknowledged;
}

test("A 2xx means the delivery is on disk.", async (t) => {
  const place = await makePlace();
  t.after(() => place.remove());
  const acknowledged: string[] = [];
  for (const enough of [150, 333]) acknowledged.push(...(await loadAndKill(place, enough)));
  const db = new DatabaseSync(join(place.data, "dispatch.sqlite"), { readOnly: true });
  try {
    const rows = db.prepare("select id from deliveries").all() as { readonly id: string }[];
    const stored = new Set(rows.map(({ id }) => id));
    assert.deepEqual(
      acknowledged.filter((id) => !stored.has(id)),
      [],
    );
    const rejected = db.prepare("select count(*) as count from deliveries where rejected is not null").get();
    assert.deepEqual({ ...rejected }, { count: 0 }, "each could be read");
  } finally {
    db.close();
  }
});
