/** What real instances do and the local forge does not: other names, smaller pages, lists that are null. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { forgejoApi } from "../../../src/forges/forgejo/api.ts";
import { forgejoMissed } from "../../../src/forges/forgejo/missed.ts";
import type { Limits } from "../../../src/forges/forgejo/pace.ts";
import { parse } from "../../../src/forges/forgejo/parse.ts";

const NOW = "2026-11-01T10:00:00Z";
const CURSOR = JSON.stringify({ since: NOW, stopped: null });
const USER = { id: 1, login: "dispatch-bot" };
const ADA = { id: 2, login: "ada" };
const ISSUE = {
  number: 7,
  title: "Title",
  body: null,
  user: ADA,
  labels: null,
  state: "open",
  html_url: "http://forge/acme/new/issues/7",
  updated_at: NOW,
  pull_request: null,
};

type Answers = Readonly<Record<string, (query: URLSearchParams) => unknown>>;

/** Looks at a forge that answers like this; every other path is not there. */
async function instance(t: TestContext, answers: Answers, limits: Partial<Limits> = {}, headers = {}) {
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", "http://forge");
    const body = answers[url.pathname.replace("/api/v1", "")]?.(url.searchParams);
    res.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json", ...headers });
    res.end(JSON.stringify(body === undefined ? {} : body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const config = {
    kind: "forgejo",
    name: "forge",
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: "t",
    webhookSecret: "s",
    webhookProxy: null,
  } as const;
  const { missed } = forgejoMissed(forgejoApi({ config, now: Date.now }), limits);
  return (cursor: string, known: readonly string[]) =>
    missed({
      cursor,
      notBefore: 0,
      repositories: known.map((name) => ({ forge: "forge", owner: "acme", name })),
      known: async () => new Set(),
      now: 0,
      signal: AbortSignal.timeout(20_000),
    });
}

async function found(t: TestContext, answers: Answers, known: readonly string[] = [], headers = {}) {
  const look = await instance(t, answers, {}, headers);
  const { deliveries } = await look(CURSOR, known);
  return deliveries.flatMap((one) => parse(one, "forge"));
}

const comment = (id: number, more: object = {}) => ({
  id,
  body: `comment ${id}`,
  user: ADA,
  issue_url: "http://forge/acme/new/issues/7",
  created_at: NOW,
  updated_at: NOW,
  ...more,
});
const repository = (name: string, more: object = {}) => ({ name, owner: { login: "acme" }, ...more });
const first = (query: URLSearchParams, rows: readonly unknown[]) => (query.get("page") === "1" ? rows : null);

test("a repository known by an old and a new name is looked through once, by the new one", async (t) => {
  const moved = () => repository("new");
  const issues = (query: URLSearchParams) => first(query, [ISSUE]);
  const comments = (query: URLSearchParams) => first(query, [comment(1)]);
  const events = await found(
    t,
    {
      "/user": () => USER,
      "/user/repos": () => null,
      "/repos/acme/old": moved,
      "/repos/acme/new": moved,
      "/repos/acme/old/issues": issues,
      "/repos/acme/new/issues": issues,
      "/repos/acme/old/issues/comments": comments,
      "/repos/acme/new/issues/comments": comments,
    },
    ["old", "new", "gone"],
  );
  assert.deepEqual(
    events.map(({ key }) => key),
    ["forge#comment:1"],
  );
});

test("an instance that allows only small pages is read to the end, with and without a total", async (t) => {
  const pages = [[comment(1), comment(2)], [comment(3), comment(4)], [comment(5)]];
  const answers: Answers = {
    "/user": () => USER,
    "/user/repos": (query) => first(query, [repository("new")]),
    "/repos/acme/new/issues": (query) => first(query, [ISSUE]),
    "/repos/acme/new/issues/comments": (query) => pages[Number(query.get("page")) - 1] ?? null,
  };
  assert.equal((await found(t, answers)).length, 5);
  assert.equal((await found(t, answers, [], { "x-total-count": "5" })).length, 5);
});

test("an archived repository is left out, however it is known", async (t) => {
  const archived = { archived: true };
  const answers: Answers = {
    "/user": () => USER,
    "/user/repos": (query) => first(query, [repository("new", archived)]),
    "/repos/acme/other": () => repository("other", archived),
    "/repos/acme/new/issues": () => assert.fail("asked"),
    "/repos/acme/other/issues": () => assert.fail("asked"),
  };
  assert.deepEqual(await found(t, answers, ["new", "other"]), []);
});

test("a comment brings its issue along when the issue is not in the list, and is nothing when that is gone", async (t) => {
  const events = await found(t, {
    "/user": () => USER,
    "/user/repos": (query) => first(query, [repository("new")]),
    "/repos/acme/new/issues": (query) => first(query, [ISSUE]),
    "/repos/acme/new/issues/comments": (query) =>
      first(query, [
        comment(1, { issue_url: "", pull_request_url: "http://forge/acme/new/pulls/8" }),
        comment(2, { issue_url: "http://forge/acme/new/issues/9" }),
        comment(3, { user: null }),
      ]),
    "/repos/acme/new/issues/8": () => ({ ...ISSUE, number: 8, pull_request: { merged: false } }),
  });
  assert.deepEqual(
    events.map(({ issue, by }) => [issue.number, issue.isPull, by.login, by.bot]),
    [
      [8, true, "ada", false],
      [7, false, "ghost", true],
    ],
  );
});

test("a label that is taken off between the list and its timeline is not found", async (t) => {
  const name = "dispatch:codex";
  const entry = (id: number, body: string) => ({
    id,
    type: "label",
    body,
    label: { name },
    user: ADA,
    created_at: NOW,
  });
  const timelines = [[entry(1, "1")], [entry(1, "1"), entry(2, "")]];
  const found7 = timelines.map((rows) =>
    found(t, {
      "/user": () => USER,
      "/user/repos": (query) => first(query, [repository("new")]),
      "/repos/acme/new/issues": (query) => first(query, [{ ...ISSUE, labels: [{ name }] }]),
      "/repos/acme/new/issues/comments": () => [],
      "/repos/acme/new/issues/7/timeline": (query) => first(query, rows),
    }),
  );
  assert.deepEqual(
    (await Promise.all(found7)).map((events) => events.length),
    [1, 0],
  );
});

test("a timeline goes on behind pages of which the instance shows nothing", async (t) => {
  const name = "dispatch:codex";
  const put = { id: 9, type: "label", body: "1", label: { name }, user: ADA, created_at: NOW };
  const word = { ...put, type: "comment", label: null };
  const events = await found(t, {
    "/user": () => USER,
    "/user/repos": (query) => first(query, [repository("new")]),
    "/repos/acme/new/issues": (query) =>
      first(query, [{ ...ISSUE, labels: [{ name }], pull_request: { merged: false } }]),
    "/repos/acme/new/issues/7/timeline": (query) =>
      [[word], [], [], [], [put]][Number(query.get("page")) - 1] ?? [],
  });
  assert.deepEqual(
    events.map(({ kind, by }) => [kind, by.login]),
    [["labels", "ada"]],
  );
});

test("a timeline that never ends tells nothing, since its newest entry is not known", async (t) => {
  const name = "dispatch:codex";
  const put = { id: 9, type: "label", body: "1", label: { name }, user: ADA, created_at: NOW };
  let pages = 0;
  const events = await found(t, {
    "/user": () => USER,
    "/user/repos": (query) => first(query, [repository("new")]),
    "/repos/acme/new/issues": (query) => first(query, [{ ...ISSUE, labels: [{ name }] }]),
    "/repos/acme/new/issues/7/timeline": () => {
      pages++;
      return [put];
    },
  });
  assert.deepEqual([events, pages], [[], 200]);
});

test("repositories that only we know of are asked for their names as far as one look goes, and then by the next", async (t) => {
  const names = Array.from({ length: 12 }, (_, n) => `r${n + 10}`);
  const asked: string[] = [];
  const answers: Answers = {
    "/user": () => USER,
    "/user/repos": () => [],
    ...Object.fromEntries(
      names.map((name) => [
        `/repos/acme/${name}`,
        () => asked.push(name) && repository(name, { archived: true }),
      ]),
    ),
  };
  const look = await instance(t, answers, { requests: 5 });
  const counts: number[] = [];
  for (let place = CURSOR, isThrough = false; !isThrough; ) {
    const missed = await look(place, names);
    [place, isThrough] = [missed.cursor, missed.through !== false];
    counts.push(asked.length);
  }
  assert.deepEqual(counts, [5, 10, 12]);
  assert.deepEqual(asked, names);
});
