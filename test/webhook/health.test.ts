import assert from "node:assert/strict";
import { test } from "node:test";
import { type Check, createHealthHandler, type HealthOptions, hasSpace } from "../../src/webhook/health.ts";
import { serve } from "./doorstep.ts";

async function ask(
  t: Parameters<typeof serve>[0],
  checks: Record<string, Check>,
  more: Partial<HealthOptions> = {},
) {
  const port = await serve(t, createHealthHandler({ checks, checkMs: 30, ...more }));
  return (path: string, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method });
}

test("/healthz says that the process answers, whatever the checks say", async (t) => {
  const get = await ask(t, { store: () => false });
  const response = await get("/healthz");
  assert.deepEqual([response.status, await response.json()], [200, { ok: true }]);
});

test("/readyz is 200 when every check holds", async (t) => {
  const get = await ask(t, { store: () => true, forges: async () => true });
  const response = await get("/readyz?verbose");
  assert.deepEqual(
    [response.status, await response.json()],
    [200, { ready: true, checks: { store: true, forges: true } }],
  );
  assert.equal(response.headers.get("cache-control"), "no-store");
});

test("/readyz is 503 with the names of what does not hold, and no word of why", async (t) => {
  const get = await ask(t, {
    store: () => true,
    no: () => false,
    throws: () => {
      throw new Error("password is hunter2");
    },
    rejects: async () => Promise.reject(new Error("password is hunter2")),
    hangs: () => new Promise(() => {}),
  });
  const response = await get("/readyz");
  assert.equal(response.status, 503);
  const checks = { store: true, no: false, throws: false, rejects: false, hangs: false };
  assert.deepEqual(await response.json(), { ready: false, checks });
});

test("a forge in trouble is named, and is no reason to send webhooks elsewhere", async (t) => {
  let forges: Record<string, string> = { codeberg: "it refuses the bot's credentials" };
  const get = await ask(t, { store: () => true }, { forges: () => forges });
  const response = await get("/readyz");
  assert.equal(response.status, 200);
  const ready = { ready: true, checks: { store: true } };
  assert.deepEqual(await response.json(), { ...ready, degraded: { forges } });
  forges = {};
  assert.deepEqual(await (await get("/readyz")).json(), ready);
});

test("a server that drains says so, whatever its forges do", async (t) => {
  const get = await ask(t, { accepting: () => false }, { forges: () => ({ codeberg: "not asked yet" }) });
  const response = await get("/readyz");
  assert.equal(response.status, 503);
  assert.deepEqual(await response.json(), {
    ready: false,
    checks: { accepting: false },
    degraded: { forges: { codeberg: "not asked yet" } },
  });
});

test("HEAD is answered without a body; other methods and paths are left to others", async (t) => {
  const get = await ask(t, {});
  assert.deepEqual(
    [(await get("/readyz", "HEAD")).status, await (await get("/healthz", "HEAD")).text()],
    [200, ""],
  );
  assert.equal((await get("/healthz", "POST")).status, 404);
  assert.equal((await get("/health")).status, 404);
});

test("a disk is ready while it has so much space left", async () => {
  assert.equal(await hasSpace(import.meta.dirname, 1)(), true);
  assert.equal(await hasSpace(import.meta.dirname, Number.MAX_SAFE_INTEGER)(), false);
});
