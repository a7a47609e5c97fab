import assert from "node:assert/strict";
import { test } from "node:test";
import { openLocalForge } from "./stage.ts";

const START = Date.parse("2026-11-01T10:00:00Z");
const REPO = "/repos/ada/app";

/** A forge whose clock is set by hand. */
async function open(t: Parameters<typeof openLocalForge>[0]) {
  const clock = { ms: START };
  const opened = await openLocalForge(t, () => clock.ms);
  const list = async (path: string) => {
    const { body, headers } = await opened.api(opened.ada, "GET", path);
    return { rows: body as readonly Record<string, unknown>[], headers };
  };
  return { ...opened, clock, list, later: (ms: number) => (clock.ms += ms) };
}

test("answers bear the forge's own clock", async (t) => {
  const { list, later } = await open(t);
  later(3_600_000);
  const { headers } = await list("/user/repos");
  assert.equal(headers.get("date"), "Sun, 01 Nov 2026 11:00:00 GMT");
});

test("an account is told the repositories it belongs to, and no others", async (t) => {
  const { forge, api } = await open(t);
  const bob = forge.createUser("bob");
  const names = async () =>
    ((await api(bob, "GET", "/user/repos")).body as { full_name: string }[]).map((one) => one.full_name);
  assert.deepEqual(await names(), []);
  forge.grant("ada/app", "bob", "read");
  assert.deepEqual(await names(), ["ada/app"]);
});

test("issues are listed by when they were changed, a comment counting as a change", async (t) => {
  const { forge, list, later, name } = await open(t);
  forge.openIssue(name, { by: "ada", title: "Second", body: "" });
  later(60_000);
  forge.comment(name, 1, "ada", "hello");
  const numbers = async (query: string) =>
    (await list(`${REPO}/issues?${query}`)).rows.map((one) => one.number);
  assert.deepEqual(await numbers("state=all"), [2, 1]);
  assert.deepEqual(await numbers("state=all&since=2026-11-01T10:01:00Z"), [1]);
  assert.deepEqual(await numbers("state=all&type=pulls"), []);
  forge.closeIssue(name, 1, "ada");
  assert.deepEqual(await numbers("since=2026-11-01T10:01:00Z"), []);
});

test("a repository's comments are listed by when they were changed, in pages, the oldest first", async (t) => {
  const { forge, list, later, name } = await open(t);
  const first = forge.comment(name, 1, "ada", "one");
  later(60_000);
  const second = forge.comment(name, 1, "ada", "two");
  const ids = async (query: string) =>
    (await list(`${REPO}/issues/comments?${query}`)).rows.map((one) => one.id);
  assert.deepEqual(await ids("since=2026-11-01T10:00:30Z"), [second]);
  forge.editComment(name, first, "ada", "one!");
  assert.deepEqual(await ids("since=2026-11-01T10:00:30Z"), [first, second]);
  assert.deepEqual(await ids("limit=1&page=2"), [second]);
});

test("a timeline tells who put which label on and took it off, and who closed", async (t) => {
  const { forge, list, later, name } = await open(t);
  forge.createUser("bob");
  forge.addLabel(name, 1, "bob", "bug");
  later(60_000);
  forge.removeLabel(name, 1, "ada", "bug");
  forge.comment(name, 1, "ada", "hello");
  forge.closeIssue(name, 1, "bob");
  const told = async (query = "") => {
    const { rows } = await list(`${REPO}/issues/1/timeline${query}`);
    return rows.map(({ type, user, body, label }) => [
      type,
      (user as { login: string }).login,
      body,
      (label as { name: string } | null)?.name ?? null,
    ]);
  };
  const later3 = [
    ["label", "ada", "", "bug"],
    ["comment", "ada", "hello", null],
    ["close", "bob", "", null],
  ];
  assert.deepEqual(await told(), [["label", "bob", "1", "bug"], ...later3]);
  assert.deepEqual(await told("?since=2026-11-01T10:01:00Z"), later3);
});
