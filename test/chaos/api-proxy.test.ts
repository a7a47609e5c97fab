/** The way to the forge. */
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { test } from "node:test";
import { openApiProxy } from "./api-proxy.ts";
import type { Random } from "./random.ts";
import { listening } from "./wire.ts";

/** Draws this fault each time, and waits for as short as can be. */
function always(fault: string): Random {
  return {
    next: () => 0,
    between: () => 40,
    chance: () => false,
    pick: (from) => from[0]!,
    weighted: <K extends string>() => fault as K,
  };
}

test("a late change reaches the forge when the bot has given it up, and what only reads is not late", async (t) => {
  const heard: string[] = [];
  const late = Promise.withResolvers<void>();
  const server = createServer((req, res) => {
    heard.push(`${req.method} ${req.url}`);
    res.end("{}");
    if (req.method === "POST") late.resolve();
  });
  const forge = await listening(server);
  const proxy = await openApiProxy({ random: always("late"), forge, seen: async () => {} });
  const said = (body: string) =>
    fetch(`${proxy.url}/api/v1/repos/acme/app/issues/1/comments`, { method: "POST", body });
  t.after(async () => {
    await proxy.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const answer = await fetch(`${proxy.url}/api/v1/user`);
  assert.equal(await answer.text(), "{}");

  const given = request(`${proxy.url}/api/v1/repos/acme/app/issues/1/comments`, { method: "POST" });
  given.once("error", () => {});
  given.end("hello");
  while (proxy.pending() === 0) await new Promise((resolve) => setImmediate(resolve));
  given.destroy();
  assert.deepEqual(heard, ["GET /api/v1/user"]);
  await late.promise;
  assert.equal(heard.at(-1), "POST /api/v1/repos/acme/app/issues/1/comments");
  assert.equal(proxy.pending(), 0);
  assert.equal(proxy.figures.late, 1);

  proxy.calm();
  for (const word of ["one", "two", "three"]) await (await said(word)).text();
  assert.equal(proxy.figures.late, 3);
});
