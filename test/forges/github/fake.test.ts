/** The fake must be as strict as GitHub where our adapter could otherwise get away with something. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { FakeGithub } from "../../fakes/github/fake-github.ts";
import { connect, SECRET } from "./connect.ts";

function ask(world: FakeGithub, method: string, path: string, body?: object, token = world.bot.token) {
  const headers = { authorization: `token ${token}`, "content-type": "application/json" };
  return fetch(`${world.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

async function receive(t: TestContext, world: FakeGithub): Promise<string[]> {
  const ids: string[] = [];
  const server = createServer((request, response) => {
    ids.push(String(request.headers["x-github-delivery"]));
    request.resume().on("end", () => response.writeHead(202).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  world.setHook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, SECRET);
  return ids;
}

test("a request against GitHub's description is caught", async (t) => {
  const { world } = await connect(t);
  const wrong: readonly (readonly [string, string, object | undefined, RegExp])[] = [
    ["POST", "/repos/acme/app/issues/1/comments", { text: "hello" }, /unknown text/],
    ["POST", "/repos/acme/app/issues/1/comments", {}, /must have required property 'body'/],
    ["POST", "/repos/acme/app/issues/1/comments", undefined, /the body is missing/],
    ["POST", "/repos/acme/app/issues/1/reactions", { content: "thumbs" }, /content must be equal to one of/],
    ["GET", "/repos/acme/app/issues/x/comments", undefined, /issue_number is "x"/],
    ["GET", "/repos/acme/app/pulls?state=opened", undefined, /state is "opened"/],
    ["GET", "/repos/acme/app/pulls?limit=5", undefined, /the query has an unknown limit/],
    ["POST", "/repos/acme/app/check-runs", { name: "x" }, /required property 'head_sha'/],
    ["GET", "/repos/acme/app/stopwatches", undefined, /no such operation/],
  ];
  for (const [method, path, body, problem] of wrong) {
    await ask(world, method, path, body);
    assert.match(world.violations().slice(-2).join("\n"), problem, `${method} ${path}`);
  }
});

test("a request as described is not", async (t) => {
  const { world } = await connect(t);
  await world.openIssue("acme/app", { by: "alice", title: "t", body: "b" });
  await ask(world, "POST", "/repos/acme/app/issues/1/comments", { body: "hello" });
  await ask(world, "GET", "/repos/acme/app/pulls?state=open&per_page=5");
  assert.deepEqual(world.violations(), []);
});

test("unknown tokens are refused, though the emulator behind takes any", async (t) => {
  const { world } = await connect(t);
  assert.equal((await ask(world, "GET", "/repos/acme/app")).status, 200);
  assert.equal((await ask(world, "GET", "/repos/acme/app", undefined, "ghs_unknown")).status, 401);
  assert.equal((await ask(world, "GET", "/app", undefined, "eyJh.eyJi.c2ln")).status, 401);
});

test("the same delivery comes again under its own id", async (t) => {
  const { world, name } = await connect(t);
  const ids = await receive(t, world);
  await world.openIssue(name, { by: "alice", title: "t", body: "b" });
  await world.waitFor(() => world.deliveries()[0]?.status === 202, "the delivery");
  const id = world.deliveries()[0]?.id ?? "";
  assert.equal(await world.redeliver(id), id);
  await world.waitFor(() => ids.length === 2, "the redelivery");
  assert.deepEqual(ids, [id, id]);
  assert.equal(world.deliveries()[0]?.body, world.deliveries()[1]?.body);
});

test("payloads name the installation for an App only, and a pull request's number", async (t) => {
  for (const as of ["app", "token"] as const) {
    const { world, name } = await connect(t, as);
    await world.commit(name, { by: "alice", branch: "work", files: { a: "1" }, message: "m" });
    const number = await world.openPull(name, { by: "alice", head: "work", base: "main", title: "t" });
    await world.waitFor(() => world.deliveries().length > 0, "a delivery");
    const payload = JSON.parse(world.deliveries()[0]?.body ?? "");
    assert.equal(payload.number, number);
    assert.equal("installation" in payload && payload.installation !== undefined, as === "app");
  }
});

test("webhooks arrive in the order in which things happened", async (t) => {
  const { world, name } = await connect(t);
  const issue = await world.openIssue(name, { by: "alice", title: "t", body: "b", labels: ["bug"] });
  await world.comment(name, issue, "alice", "hello");
  await world.closeIssue(name, issue, "alice");
  await world.waitFor(() => world.deliveries().length === 4, "four deliveries");
  assert.deepEqual(
    world.deliveries().map((one) => one.action),
    ["opened", "labeled", "created", "closed"],
  );
});

test("git serves the head of every pull request, a fork's too, and it follows pushes", async (t) => {
  const { world, name } = await connect(t);
  await world.createUser("carol");
  const fork = await world.fork(name, "carol");
  const change = { by: "carol", branch: "work", files: { a: "1" }, message: "m" };
  await world.commit(fork, change);
  const number = await world.openPull(name, { by: "carol", head: "carol:work", base: "main", title: "t" });
  assert.equal(await world.fileAt(name, `refs/pull/${number}/head`, "a"), "1");
  await world.commit(fork, { ...change, files: { a: "2" } });
  assert.equal(await world.fileAt(name, `refs/pull/${number}/head`, "a"), "2");
});

test("a failure lasts as often as told", async (t) => {
  const { world, name } = await connect(t);
  world.fail("GET", /\/repos\/acme\/app$/, 502, { times: 2, headers: { "retry-after": "1" } });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await ask(world, "GET", `/repos/${name}`));
  assert.deepEqual(
    answers.map((one) => one.status),
    [502, 502, 200],
  );
  assert.equal(answers[0]?.headers.get("retry-after"), "1");
});

test("a webhook that is lost on its way stands in the App's log, not in the receiver's", async (t) => {
  const { world, name } = await connect(t);
  const ids = await receive(t, world);
  const end = world.dropWebhooks(name);
  await world.openIssue(name, { by: "alice", title: "lost", body: "" });
  end();
  await world.openIssue(name, { by: "alice", title: "arrives", body: "" });
  await world.waitFor(() => ids.length === 1, "the second");
  const sent = world.deliveries();
  assert.deepEqual(
    sent.map(({ status }) => status === 0),
    [true, false],
  );
  assert.deepEqual(ids, [sent[1]?.id]);
});

test("lists of issues tell pull requests too, the last changed first, and nothing when nothing changed", async (t) => {
  const { world, name } = await connect(t);
  await world.commit(name, { by: "alice", branch: "work", files: { a: "1" }, message: "m" });
  const pull = await world.openPull(name, { by: "alice", head: "work", base: "main", title: "t" });
  const issue = await world.openIssue(name, { by: "alice", title: "t", body: "" });
  await world.comment(name, pull, "alice", "hello");
  const path = `/repos/${name}/issues?sort=updated&state=all`;
  const answer = await ask(world, "GET", path);
  const listed = (await answer.json()) as { number: number; pull_request?: object }[];
  assert.deepEqual(
    listed.map((one) => [one.number, one.pull_request !== undefined]),
    [
      [pull, true],
      [issue, false],
    ],
  );
  const etag = answer.headers.get("etag") ?? "";
  const headers = { authorization: `token ${world.bot.token}`, "if-none-match": etag };
  assert.equal((await fetch(`${world.url}${path}`, { headers })).status, 304);
  await world.comment(name, issue, "alice", "hello");
  assert.equal((await fetch(`${world.url}${path}`, { headers })).status, 200);
});

test("what an installation could do before, it cannot when it is gone or suspended", async (t) => {
  const { world, forge, name, repo } = await connect(t);
  const { password } = await forge.gitCredential(repo);
  const status = async () => (await ask(world, "GET", `/repos/${name}`, undefined, password)).status;
  assert.equal(await status(), 200);
  world.suspend("acme");
  assert.equal(await status(), 403);
  world.unsuspend("acme");
  assert.equal(await status(), 200);
  world.uninstall("acme");
  assert.equal(await status(), 401);
  world.install("acme");
  assert.equal(await status(), 401, "what is installed anew is another");
});
