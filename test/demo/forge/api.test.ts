import assert from "node:assert/strict";
import { test } from "node:test";
import { openLocalForge } from "./stage.ts";

const ISSUE = "/repos/ada/app/issues/1";

test("nothing is told without a token", async (t) => {
  const { forge, api } = await openLocalForge(t);
  for (const path of ["/user", "/repos/ada/app", "/nonsense"]) {
    assert.equal((await fetch(`${forge.url}/api/v1${path}`)).status, 401);
    assert.equal((await api({ token: "wrong" }, "GET", path)).status, 401);
  }
});

test("a private repository is not there for strangers", async (t) => {
  const { forge, api } = await openLocalForge(t);
  await forge.createRepo({ owner: "ada", name: "hidden", files: { a: "a" }, private: true });
  const eve = forge.createUser("eve");
  assert.equal((await api(eve, "GET", "/repos/ada/hidden")).status, 404);
  forge.grant("ada/hidden", "eve", "read");
  assert.equal((await api(eve, "GET", "/repos/ada/hidden")).status, 200);
});

test("only administrators may ask for the permissions of others", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  const bob = forge.createUser("bob");
  forge.grant(name, "bob", "write");
  const path = (login: string) => `/repos/ada/app/collaborators/${login}/permission`;
  assert.equal((await api(bob, "GET", path("ada"))).status, 403);
  assert.equal((await api(bob, "GET", path("bob"))).status, 200);
  const { body } = await api(ada, "GET", path("bob"));
  assert.equal((body as { permission: string }).permission, "write");
});

test("labels are added by ids or names, unknown names are ignored, and removal needs the id", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  forge.addLabel(name, 1, "ada", "bug");
  const add = (labels: unknown[]) => api(ada, "POST", `${ISSUE}/labels`, { labels });
  assert.equal((await add(["nonsense"])).status, 200);
  assert.deepEqual(names(forge.issue(name, 1).labels), ["bug"]);
  assert.equal((await add(["bug", 1])).status, 400);
  assert.equal((await api(ada, "DELETE", `${ISSUE}/labels/bug`)).status, 422);
  const [label] = forge.issue(name, 1).labels;
  assert.equal((await api(ada, "DELETE", `${ISSUE}/labels/${label?.id}`)).status, 204);
  assert.deepEqual(names(forge.issue(name, 1).labels), []);
});

test("starting a stopwatch silently stops the one elsewhere and books its time", async (t) => {
  let now = Date.parse("2026-11-01T10:00:00Z");
  const { forge, ada, api, name } = await openLocalForge(t, () => now);
  forge.openIssue(name, { by: "ada", title: "Other", body: "" });
  const start = (number: number) => api(ada, "POST", `/repos/ada/app/issues/${number}/stopwatch/start`);
  assert.equal((await start(1)).status, 201);
  assert.equal((await start(1)).status, 409);
  now += 90_000;
  assert.equal((await start(2)).status, 201);
  assert.deepEqual(forge.runningStopwatches("ada"), ["ada/app#2"]);
  assert.deepEqual(
    forge.issue(name, 1).times.map(({ seconds }) => seconds),
    [90],
  );
  assert.equal((await api(ada, "DELETE", `${ISSUE}/stopwatch/delete`)).status, 409);
});

test("time is booked to who asks, whatever user_name says, and never of no length", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  forge.createUser("bob");
  const book = (body: object) => api(ada, "POST", `${ISSUE}/times`, body);
  const { status, body } = await book({ time: 60, user_name: "bob" });
  assert.deepEqual([status, (body as { user_name: string }).user_name], [200, "ada"]);
  assert.equal((await book({ time: 0 })).status, 422);
  forge.setTimeTracking(name, false);
  assert.equal((await book({ time: 60 })).status, 400);
  assert.equal((await api(ada, "POST", `${ISSUE}/stopwatch/start`)).status, 403);
});

test("an open pull request is not opened again, and the list does not look at head", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  for (const branch of ["one", "two/three"]) {
    await forge.commit(name, { by: "ada", branch, files: { [`${branch}.txt`]: "x" }, message: branch });
    const pull = { head: branch, base: "main", title: branch };
    assert.equal((await api(ada, "POST", "/repos/ada/app/pulls", pull)).status, 201);
    assert.equal((await api(ada, "POST", "/repos/ada/app/pulls", pull)).status, 409);
  }
  const { body } = await api(ada, "GET", "/repos/ada/app/pulls?head=ada:one");
  assert.equal((body as unknown[]).length, 2);
  const found = await api(ada, "GET", "/repos/ada/app/pulls/main/two/three");
  assert.equal((found.body as { title: string }).title, "two/three");
  const lost = await api(ada, "POST", "/repos/ada/app/pulls", { head: "none", base: "main", title: "x" });
  assert.equal(lost.status, 404);
});

test("a review with an unknown event is left pending", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  await forge.commit(name, { by: "ada", branch: "one", files: { a: "a" }, message: "One" });
  const number = await forge.openPull(name, { by: "ada", head: "one", base: "main", title: "One" });
  const { body } = await api(ada, "POST", `/repos/ada/app/pulls/${number}/reviews`, {
    body: "x",
    event: "APPROVE",
  });
  assert.equal((body as { state: string }).state, "PENDING");
});

test("lists come in pages of at most fifty, with a total and no links", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  for (let at = 0; at < 60; at++) forge.addLabel(name, 1, "ada", `label-${at}`);
  const { body, headers } = await api(ada, "GET", "/repos/ada/app/labels?limit=100&page=2");
  assert.equal((body as unknown[]).length, 10);
  assert.deepEqual([headers.get("x-total-count"), headers.get("link")], ["60", null]);
});

test("a webhook is asleep unless it is made active", async (t) => {
  const { forge, ada, api, name } = await openLocalForge(t);
  const config = { url: "http://127.0.0.1:9/", content_type: "json", secret: "s" };
  await api(ada, "POST", "/repos/ada/app/hooks", { type: "forgejo", config, events: ["issue_comment"] });
  forge.comment(name, 1, "ada", "hello");
  assert.deepEqual(forge.deliveries(), []);
});

function names(labels: readonly { name: string }[]): string[] {
  return labels.map((label) => label.name);
}
