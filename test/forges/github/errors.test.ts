import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { GithubForgeConfig } from "../../../src/config/config.ts";
import { toForgeError } from "../../../src/forges/github/errors.ts";
import { ForgeError, Refusal } from "../../../src/model/errors.ts";
import { ours } from "../../fakes/forge.ts";
import { connect, forgeFor, forgeWith } from "./connect.ts";

async function failure(promise: Promise<unknown>): Promise<ForgeError> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ForgeError);
  return error;
}

test("a failure names the action, GitHub's words and the fix", async (t) => {
  const { world, forge, repo } = await connect(t);
  const headers = { "x-accepted-github-permissions": "issues=write" };
  world.failWith("Resource not accessible by integration", "POST", /\/comments$/, 403, { headers });
  const error = await failure(forge.comment(repo, 5, "hello", ours));
  assert.equal(
    error.message,
    "commenting on acme/app#5: GitHub answered 403: Resource not accessible by integration; " +
      "give the App the permission issues=write in its settings and accept them in the installation",
  );
  assert.equal(error.status, 403);
  assert.equal(error.retryable, false);
});

test("a missing issue is no use to ask for again", async (t) => {
  const { forge, repo } = await connect(t);
  const error = await failure(forge.comment(repo, 4040, "hello", ours));
  assert.deepEqual([error.status, error.retryable], [404, false]);
  assert.match(error.message, /check that it exists and that the App is installed on it/);
});

test("server errors may pass by themselves", async (t) => {
  const { world, forge, repo } = await connect(t);
  for (const status of [500, 502, 503]) {
    const end = world.fail("GET", /\/app$/, status);
    const error = await failure(forge.repository(repo));
    assert.deepEqual([error.status, error.retryable, error.retryAfterMs], [status, true, null]);
    end();
  }
});

test("limits may pass by themselves, at the time GitHub says", async (t) => {
  const { world, repo } = await connect(t);
  const now = 1_000_000_000_000;
  const forge = forgeFor(world, 20_000, () => now);
  const reset = String(now / 1000 + 90);
  const cases: readonly (readonly [number, Record<string, string>, string, number | null])[] = [
    [429, {}, "slow down", null],
    [429, { "retry-after": "7" }, "slow down", 7000],
    [403, { "retry-after": "7" }, "slow down", 7000],
    [403, { "retry-after": new Date(now + 3000).toUTCString() }, "slow down", 3000],
    [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }, "API rate limit exceeded", 90_000],
    [403, {}, "You have exceeded a secondary rate limit", 60_000],
  ];
  for (const [status, headers, words, wait] of cases) {
    const end = world.failWith(words, "GET", /\/repos\/acme\/app$/, status, { headers });
    const error = await failure(forge.repository(repo));
    assert.deepEqual([error.status, error.retryable, error.retryAfterMs], [status, true, wait], words);
    end();
  }
});

test("a GitHub that never answers is given up in time", async (t) => {
  const { world, repo } = await connect(t);
  world.hang(/\/repos\/acme\/app$/);
  const error = await failure(forgeFor(world, 300).repository(repo));
  assert.deepEqual([error.status, error.retryable], [0, true]);
  assert.match(error.message, /^reading acme\/app: GitHub could not be reached \(no answer in 0\.3 s\)$/);
});

test("a GitHub that never gives a token is given up in time too", async (t) => {
  const { world, repo } = await connect(t);
  world.hang(/\/access_tokens$/);
  const error = await failure(forgeFor(world, 300).repository(repo));
  assert.deepEqual([error.status, error.retryable], [0, true]);
});

test("a GitHub that is not there may come back", async (t) => {
  const { world, forge, repo } = await connect(t);
  await world.close();
  const error = await failure(forge.repository(repo));
  assert.deepEqual([error.status, error.retryable], [0, true]);
});

test("a GitHub whose name is not found may be found again", async (t) => {
  const { world, repo } = await connect(t, "token");
  const config = world.forgeConfig() as GithubForgeConfig;
  const error = await failure(forgeWith({ ...config, baseUrl: "http://github.invalid" }).repository(repo));
  assert.deepEqual([error.status, error.retryable], [0, true]);
  assert.match(error.message, /^reading acme\/app: GitHub could not be reached/);
});

test("a GitHub that breaks off in the middle of an answer may answer the next time", async (t) => {
  const { world, repo } = await connect(t, "token");
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("{");
    response.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const forge = forgeWith({ ...(world.forgeConfig() as GithubForgeConfig), baseUrl });
  const error = await failure(forge.repository(repo));
  assert.deepEqual([error.status, error.retryable], [0, true]);
});

test("what a limit of GitHub's own allowance says holds at every status it comes with", async (t) => {
  const { world, repo } = await connect(t);
  const now = 1_000_000_000_000;
  const forge = forgeFor(world, 20_000, () => now);
  for (const [status, remaining, wait] of [
    [429, "0", 60_000],
    [403, "0", 60_000],
    [503, "0", 60_000],
    [503, "17", null],
  ] as const) {
    const headers = { "x-ratelimit-remaining": remaining, "x-ratelimit-reset": String(now / 1000 + 60) };
    const end = world.failWith("API rate limit exceeded", "GET", /\/repos\/acme\/app$/, status, { headers });
    const error = await failure(forge.repository(repo));
    assert.deepEqual([error.status, error.retryable, error.retryAfterMs], [status, true, wait]);
    end();
  }
});

test("a refusal that is a person's to mend names the person's deed", async (t) => {
  const { world, forge, repo } = await connect(t, "token");
  const cases: readonly (readonly [string, RegExp])[] = [
    ["Sorry. Your account was suspended", /the bot's account is suspended/],
    ["Resource protected by organization SAML enforcement", /authorise the token for the organisation/],
  ];
  for (const [words, fix] of cases) {
    const end = world.failWith(words, "GET", /\/repos\/acme\/app$/, 403);
    const error = await failure(forge.repository(repo));
    assert.deepEqual([error.status, error.retryable], [403, false]);
    assert.match(error.message, fix);
    end();
  }
});

test("a key that cannot be read is no trouble of the network, so it is not tried again", async (t) => {
  const { world, repo } = await connect(t);
  const config = world.forgeConfig() as GithubForgeConfig;
  const auth = { as: "app", appId: 1, privateKey: "no key" } as const;
  const error = await failure(forgeWith({ ...config, auth }).repository(repo));
  assert.deepEqual([error.status, error.retryable], [0, false]);
  assert.match(error.message, /^reading acme\/app: finding the App's installation: /);
  assert.ok(!error.message.includes("no key"));
});

test("no token gets into a message", () => {
  const context = { action: "x", as: "app", now: 0 } as const;
  for (const token of ["ghs_abcDEF123", "github_pat_11AB_c", "eyJhbGciOi.eyJpYXQ.c2ln"]) {
    const error = toForgeError(new Error(`the header was "token ${token}"`), context);
    assert.ok(!error.message.includes(token), error.message);
    assert.match(error.message, /\[hidden\]/);
  }
});

test("what is already said in our words stays as it is", () => {
  const refusal = new Refusal("no", "do this");
  assert.equal(toForgeError(refusal, { action: "x", as: "app", now: 0 }), refusal);
});
