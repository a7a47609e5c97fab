import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { createForgejoForge } from "../../../src/forges/forgejo/forgejo-forge.ts";
import { openForgejo } from "./world.ts";

/** Answers as Forgejo does to a token with these scopes: it looks at them before it looks for the repository. */
async function forgejoWith(t: TestContext, scopes: readonly string[], status = 404) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const path = `${request.method} ${request.url?.replace("/api/v1", "")}`;
    seen.push(path);
    const reply = (code: number, body: object) =>
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (path === "GET /user") return reply(200, { id: 1, login: "dispatch-bot" });
    const scope = path.startsWith("GET")
      ? "read:organization"
      : path.endsWith("/issues")
        ? "write:issue"
        : "write:repository";
    if (!scopes.includes(scope))
      return reply(403, { message: `token does not have at least one of required scope(s): [${scope}]` });
    return path.startsWith("GET") ? reply(200, []) : reply(status, { message: "nothing here" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const config = {
    kind: "forgejo",
    name: "f",
    url: `http://127.0.0.1:${port}`,
    token: "t0ken-t0ken",
    webhookSecret: "s",
    webhookProxy: null,
  } as const;
  return { forge: createForgejoForge({ config, now: Date.now }), seen };
}

test("the scopes that a token lacks are named, by asking for what does not exist", async (t) => {
  const all = ["read:organization", "write:issue", "write:repository"];
  for (const lacking of [[], ["write:issue"], ["read:organization", "write:repository"], all]) {
    const { forge, seen } = await forgejoWith(
      t,
      all.filter((scope) => !lacking.includes(scope)),
    );
    assert.deepEqual(await forge.rights(), { lacking, unknown: null });
    for (const path of seen.filter((one) => one.startsWith("POST")))
      assert.match(path, /^POST \/repos\/dispatch-bot\/agent-dispatch-doctor-looks-for-a-scope\//);
  }
});

test("a forge in trouble is no answer to the question", async (t) => {
  const { forge } = await forgejoWith(t, ["read:organization", "write:issue"], 503);
  await assert.rejects(forge.rights(), /503/);
});

test("on a forge that looks at no scopes nothing is lacking, and nothing is made", async (t) => {
  const { world, forge, name } = await openForgejo(t);
  assert.deepEqual(await forge.rights(), { lacking: [], unknown: null });
  assert.deepEqual(world.local.issue(name, 1).by.login, "acme");
  assert.throws(() => world.local.issue(name, 2));
});
