import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../../src/forges/forgejo/parse.ts";
import { ADA, delivery, repository, subject } from "./payloads.ts";

const COMMENT = {
  id: 55,
  body: "/dispatch",
  user: ADA,
  created_at: "2026-11-01T10:06:00+01:00",
  issue_url: "",
};

test("times are read with their zone", () => {
  const payload = { action: "created", issue: subject(), comment: COMMENT, is_pull: false };
  const [event] = parse(delivery("issue_comment", payload), "codeberg");
  assert.equal(event?.at, Date.parse("2026-11-01T09:06:00Z"));
  assert.equal(event?.key, "codeberg#comment:55");
});

test("a comment is the same event by every name that its repository ever had", () => {
  const payload = { action: "created", issue: subject(), comment: COMMENT, is_pull: false };
  const keys = ["old", "new"].map(
    (name) =>
      parse(delivery("issue_comment", { ...payload, repository: repository({ name }) }), "codeberg")[0]?.key,
  );
  assert.equal(keys[0], keys[1]);
});

test("a null body and null labels are an empty body and none", () => {
  const issue = subject({ body: null, labels: null });
  const payload = { action: "created", issue, comment: COMMENT, is_pull: false };
  const [event] = parse(delivery("issue_comment", payload), "codeberg");
  assert.deepEqual([event?.issue.body, event?.issue.labels], ["", []]);
});

test("a comment on a pull request is told by is_pull or by the issue's pull_request", () => {
  const whole = subject({ pull_request: { merged: false } });
  for (const more of [
    { issue: subject(), is_pull: true },
    { issue: whole, is_pull: false },
  ]) {
    const payload = { action: "created", comment: COMMENT, pull_request: subject(), ...more };
    const [event] = parse(delivery("pull_request_comment", payload), "codeberg");
    assert.equal(event?.issue.isPull, true);
  }
});

test("a submitted review, which comes under a comment's name, is no event", () => {
  const review = { type: "pull_request_review_comment", content: "/dispatch" };
  const payload = { action: "reviewed", pull_request: subject(), review };
  assert.deepEqual(parse(delivery("pull_request_comment", payload), "codeberg"), []);
  assert.deepEqual(parse(delivery("pull_request_review_comment", payload), "codeberg"), []);
});

test("cleared labels are the empty set, and the key tells one set from another", () => {
  const labelled = (names: string[], action: string) =>
    parse(
      delivery("issue_label", { action, issue: subject({ labels: names.map((name) => ({ name })) }) }),
      "codeberg",
    )[0];
  const cleared = labelled([], "label_cleared");
  assert.ok(cleared?.kind === "labels");
  assert.deepEqual([cleared.labels, cleared.added], [[], null]);
  const one = labelled(["a", "b"], "label_updated");
  const same = labelled(["b", "a"], "label_updated");
  const other = labelled(["a,b"], "label_updated");
  assert.equal(one?.key, same?.key);
  assert.equal(new Set([one?.key, other?.key, cleared.key]).size, 3);
});

test("a merged pull request and a deleted issue are closed", () => {
  const merged = subject({ closed_at: "2026-11-01T11:00:00+01:00", merged: true });
  const [closed] = parse(delivery("pull_request", { action: "closed", pull_request: merged }), "codeberg");
  assert.deepEqual([closed?.kind, closed?.issue.isPull], ["closed", true]);
  assert.equal(closed?.at, Date.parse("2026-11-01T10:00:00Z"));
  const [deleted] = parse(delivery("issues", { action: "deleted", issue: subject() }), "codeberg");
  assert.equal(deleted?.kind, "closed");
});

test("the payload's permissions reach no event", () => {
  const payload = { action: "label_updated", issue: subject(), repository: repository() };
  const events = parse(delivery("issue_label", payload), "codeberg");
  assert.ok(!JSON.stringify(events).includes("admin"));
});

test("the forge's own Actions user and accounts named as bots are bots", () => {
  const by = (sender: object) => {
    const payload = { action: "created", issue: subject(), comment: COMMENT, is_pull: false, sender };
    return parse(delivery("issue_comment", payload), "codeberg")[0]?.by.bot;
  };
  assert.equal(by({ id: -2, login: "forgejo-actions" }), true);
  assert.equal(by({ id: 9, login: "renovate-bot" }), true);
  assert.equal(by({ id: 9, login: "abbot" }), false);
});

test("the error on a wrong shape names the place", () => {
  const payload = { action: "label_updated", issue: subject({ number: "3" }) };
  assert.throws(() => parse(delivery("issue_label", payload), "codeberg"), /issue_label 1: .*number/s);
});
