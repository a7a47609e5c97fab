import assert from "node:assert/strict";
import { test } from "node:test";
import webhooks from "@octokit/webhooks-examples" with { type: "json" };
import fc from "fast-check";
import { concerns, parse } from "../../../src/forges/github/parse.ts";

interface Examples {
  readonly name: string;
  readonly examples: readonly Record<string, unknown>[];
}

const all = webhooks as unknown as readonly Examples[];

function parsed(event: string, payload: unknown) {
  return parse("hub", { id: "1", forge: "hub", event, body: JSON.stringify(payload), receivedAt: 0 });
}

function examples(event: string, action: string) {
  const found = all.find((one) => one.name === event)?.examples.filter((one) => one.action === action) ?? [];
  assert.ok(found.length > 0, `there are examples of ${event}.${action}`);
  return found;
}

const user = { id: 7, login: "alice", type: "User" };
const repository = { name: "App", owner: { login: "Acme" } };
const issue = {
  number: 5,
  title: "Fix it",
  body: null,
  user: { id: 8, login: "bob" },
  labels: [{ name: "bug" }],
  html_url: "https://github.com/Acme/App/issues/5",
  updated_at: "2026-11-01T10:00:00Z",
};
const comment = { id: 99, body: "/dispatch", created_at: "2026-11-01T10:00:05Z" };
const commented = { action: "created", repository, sender: user, issue, comment };

test("every example of GitHub's own payloads is read", () => {
  const kinds = new Map<string, number>();
  for (const { name, examples: payloads } of all) {
    for (const payload of payloads) {
      for (const event of parsed(name, payload)) kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
    }
  }
  assert.deepEqual([...kinds.keys()].sort(), ["closed", "comment", "labels"]);
});

test("GitHub's examples of comments, labels and ends become one event each", () => {
  const expected = [
    ["issue_comment", "created", "comment"],
    ["issues", "labeled", "labels"],
    ["pull_request", "labeled", "labels"],
    ["issues", "deleted", "closed"],
    ["pull_request", "closed", "closed"],
  ] as const;
  for (const [event, action, kind] of expected) {
    for (const payload of examples(event, action)) {
      assert.deepEqual(
        parsed(event, payload).map((one) => one.kind),
        [kind],
        `${event}.${action}`,
      );
    }
  }
});

test("a closed issue takes its run back", () => {
  const [event] = parsed("issues", { ...examples("issues", "reopened")[0], action: "closed" });
  assert.equal(event?.kind, "closed");
});

test("edited and deleted comments, unlabelled issues and unknown events are nothing to us", () => {
  for (const action of ["edited", "deleted"]) {
    for (const payload of examples("issue_comment", action))
      assert.deepEqual(parsed("issue_comment", payload), []);
  }
  for (const payload of examples("issues", "unlabeled")) assert.deepEqual(parsed("issues", payload), []);
  assert.deepEqual(parsed("pull_request_review_comment", commented), []);
  assert.deepEqual(parsed("brand_new_event", {}), []);
});

test("a comment carries the issue as it was, who wrote it and when", () => {
  assert.deepEqual(parsed("issue_comment", commented), [
    {
      kind: "comment",
      repo: { forge: "hub", owner: "Acme", name: "App" },
      issue: {
        number: 5,
        isPull: false,
        title: "Fix it",
        body: "",
        author: { id: 8, login: "bob" },
        labels: ["bug"],
        url: "https://github.com/Acme/App/issues/5",
      },
      by: { id: 7, login: "alice", bot: false },
      at: Date.UTC(2026, 10, 1, 10, 0, 5),
      key: "hub#comment:99",
      commentId: "99",
      body: "/dispatch",
    },
  ]);
});

test("a comment is the same event when its repository was renamed or transferred meanwhile", () => {
  const moved = { ...commented, repository: { name: "other", owner: { login: "elsewhere" } } };
  const keys = [commented, moved].map((payload) => parsed("issue_comment", payload)[0]?.key);
  assert.deepEqual(keys, ["hub#comment:99", "hub#comment:99"]);
});

test("a comment in a pull request's conversation is told from one on an issue", () => {
  const onPull = { ...commented, issue: { ...issue, pull_request: { url: "https://api.github.com/..." } } };
  assert.equal(parsed("issue_comment", onPull)[0]?.issue.isPull, true);
  const onIssue = { ...commented, issue: { ...issue, pull_request: null } };
  assert.equal(parsed("issue_comment", onIssue)[0]?.issue.isPull, false);
});

test("a label names what was added, and its key differs for each time it is added", () => {
  const labeled = { action: "labeled", repository, sender: user, issue, label: { name: "dispatch:codex" } };
  const [first] = parsed("issues", labeled);
  assert.ok(first?.kind === "labels");
  assert.equal(first.added, "dispatch:codex");
  assert.deepEqual(first.labels, ["bug"]);
  assert.equal(parsed("issues", labeled)[0]?.key, first.key);
  const again = { ...labeled, issue: { ...issue, updated_at: "2026-11-01T11:00:00Z" } };
  assert.notEqual(parsed("issues", again)[0]?.key, first.key);
  const onPull = { action: "labeled", repository, sender: user, pull_request: issue, label: { name: "x" } };
  assert.equal(parsed("pull_request", onPull)[0]?.issue.isPull, true);
});

test("Apps and other bots are marked as bots, and a lost account has the id of nobody", () => {
  const byBot = {
    ...commented,
    sender: { id: 3, login: "ci[bot]", type: "Bot" },
    issue: { ...issue, user: null },
  };
  const [event] = parsed("issue_comment", byBot);
  assert.equal(event?.by.bot, true);
  assert.deepEqual(event?.issue.author, { id: 0, login: "ghost" });
});

test("what is missing or of a wrong kind is named", () => {
  const { sender: _, ...unsent } = commented;
  assert.throws(() => parsed("issue_comment", unsent), /issue_comment\.created.*sender/);
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ comment: { ...comment, id: null } }, /comment\.id/],
    [{ comment: { ...comment, body: null } }, /comment\.body/],
    [{ comment: { ...comment, created_at: "yesterday" } }, /comment\.created_at/],
    [{ issue: { ...issue, number: -1 } }, /issue\.number/],
    [{ issue: { ...issue, labels: [null] } }, /issue\.labels\.0/],
    [{ repository: null }, /repository/],
    [{ repository: { name: "App", owner: {} } }, /repository\.owner\.login/],
  ];
  for (const [change, reason] of cases) {
    assert.throws(() => parsed("issue_comment", { ...commented, ...change }), reason);
  }
});

test("a body that is no JSON object is refused in words", () => {
  for (const body of ["", "{", "[]", "null", "5"]) {
    const delivery = { id: "1", forge: "hub", event: "issues", body, receivedAt: 0 };
    assert.throws(() => parse("hub", delivery), /reading a issues webhook of GitHub's: its body is not/);
  }
});

test("no payload, however odd, breaks the reader in another way than by a sentence", () => {
  const actions = fc.constantFrom("created", "labeled", "closed", "deleted", "__proto__");
  const events = fc.constantFrom("issue_comment", "issues", "pull_request");
  const part = fc.oneof(fc.jsonValue(), fc.constant(issue), fc.constant(user), fc.constant(repository));
  const payload = fc.record({
    action: actions,
    issue: part,
    pull_request: part,
    comment: part,
    label: part,
    repository: part,
    sender: part,
  });
  fc.assert(
    fc.property(events, payload, (event, odd) => {
      try {
        parsed(event, odd);
      } catch (error) {
        assert.match(String(error), /^Error: reading a /);
      }
    }),
  );
});

test("what is worth reading can be told by its name", () => {
  for (const name of ["issue_comment.created", "issues.labeled", "pull_request.closed"]) {
    const [event = "", action = ""] = name.split(".");
    assert.equal(concerns(event, action), true, name);
  }
  for (const [event, action] of [
    ["issue_comment", "edited"],
    ["issues", "opened"],
    ["push", ""],
  ] as const) {
    assert.equal(concerns(event, action), false);
    assert.deepEqual(parsed(event, { action }), []);
  }
});
