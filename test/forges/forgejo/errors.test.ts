import assert from "node:assert/strict";
import { test } from "node:test";
import { forgeError } from "../../../src/forges/forgejo/errors.ts";
import { createForgejoForge } from "../../../src/forges/forgejo/forgejo-forge.ts";
import { openForgejo } from "./world.ts";

const NOW = Date.parse("2026-11-01T10:00:00Z");
const CONTEXT = { action: "doing it", host: "forge.example", token: "t0ken", now: () => NOW };

function refusal(status: number, headers: object, message: string): Error {
  return Object.assign(new Error(message), { status, response: { status, headers, data: { message } } });
}

test("the time to wait may be a date", () => {
  const headers = { "retry-after": "Sun, 01 Nov 2026 10:01:30 GMT" };
  assert.equal(forgeError(refusal(503, headers, ""), CONTEXT).retryAfterMs, 90_000);
  assert.equal(forgeError(refusal(503, { "retry-after": "soon" }, ""), CONTEXT).retryAfterMs, null);
});

test("a token that the forge repeats does not reach the message", () => {
  const { message } = forgeError(refusal(422, {}, "bad t0ken t0ken"), CONTEXT);
  assert.equal(message, "doing it: forge.example answered 422 (bad *** ***)");
});

test("a forge that cannot be reached is named, and asked again later", async (t) => {
  const { world } = await openForgejo(t);
  const config = { ...world.forgeConfig(), url: "http://127.0.0.1:9" };
  const forge = createForgejoForge({ config, now: Date.now });
  await assert.rejects(forge.self(), {
    name: "ForgeError",
    status: 0,
    retryable: true,
    message:
      /^asking who the bot is: 127\.0\.0\.1:9 cannot be reached: .*; check the address and the network$/,
  });
  const probe = await forge.probe();
  assert.deepEqual([probe.ready, probe.fix], [false, "check the address and the network"]);
});

test("an address that is no Forgejo is said to be none", async (t) => {
  const { world } = await openForgejo(t);
  world.fail("GET", /^\/user$/, 200);
  const forge = createForgejoForge({ config: world.forgeConfig(), now: Date.now });
  await assert.rejects(forge.self(), /has no id; is the URL that of a Forgejo\?/);
});
