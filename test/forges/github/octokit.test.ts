import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { forgeWith } from "./connect.ts";

test("writes are neither held apart nor repeated, whatever Probot's own settings are", async (t) => {
  let asked = 0;
  const three = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    asked++;
    if (asked === 3) three.resolve();
    three.promise.then(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const forge = forgeWith({
    kind: "github",
    name: "github",
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    auth: { as: "token", token: "ghp_x" },
    webhookSecret: "",
    webhookProxy: null,
  });
  // Throttled, the second would leave only after the first is answered, and none is answered before the third came.
  const repo = { forge: "github", owner: "acme", name: "app" };
  const writes = [1, 2, 3].map((issue) => forge.comment(repo, issue, "hello", ours));
  const results = await Promise.allSettled(writes);
  assert.deepEqual(
    results.map((one) => one.status),
    ["rejected", "rejected", "rejected"],
  );
  assert.equal(asked, 3);
});
