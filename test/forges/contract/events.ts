import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { received, type Setting } from "./setting.ts";

const NEAR_MS = 60_000;

export function eventContract(setting: () => Setting): void {
  test("a comment on an issue is an event with the issue as it stood", async () => {
    const { world, repo, events } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Title", body: "Body" });
    const id = await world.comment(place.name, issue, "ada", "/dispatch codex\nplease");
    const [event, ...more] = await events(place, 1);
    assert.ok(event?.kind === "comment");
    assert.deepEqual(more, []);
    assert.deepEqual(event.repo, place.ref);
    assert.equal(event.commentId, id);
    assert.equal(event.body, "/dispatch codex\nplease");
    assert.deepEqual(event.by, { id: place.ada.id, login: "ada", bot: false });
    assert.ok(Math.abs(event.at - Date.now()) < NEAR_MS);
    const { number, isPull, title, body, author, url } = event.issue;
    assert.deepEqual([number, isPull, title, body, author.id], [issue, false, "Title", "Body", place.ada.id]);
    assert.ok(url.startsWith("http"));
  });

  test("a comment on a pull request is an event that says so", async () => {
    const { world, repo, events } = setting();
    const place = await repo();
    await world.commit(place.name, { by: "ada", branch: "work", files: { "a.txt": "a" }, message: "Work" });
    const pull = await world.openPull(place.name, { by: "ada", head: "work", base: "main", title: "Pull" });
    await world.comment(place.name, pull, "ada", "/dispatch");
    const [event] = await events(place, 1);
    assert.ok(event?.kind === "comment");
    assert.deepEqual([event.issue.number, event.issue.isPull], [pull, true]);
    assert.ok(event.issue.url.includes("/pull"));
  });

  test("an edited comment is no event", async () => {
    const { world, forge, repo, delivered } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Edit", body: "" });
    const id = await world.comment(place.name, issue, "ada", "hello");
    await world.editComment(place.name, id, "ada", "/dispatch");
    const edited = await delivered(place, ({ action }) => action === "edited");
    assert.deepEqual(forge.parse(received(forge, edited)), []);
  });

  test("what the bot writes can be told from what others write", async () => {
    const { world, forge, repo, events } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Self", body: "" });
    await forge.comment(place.ref, issue, "I am the bot", ours);
    const [event] = await events(place, 1);
    assert.equal(event?.by.id, (await forge.self()).id);
  });

  test("a label added to an issue is an event with the whole set", async () => {
    const { world, repo, events } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Label", body: "" });
    await world.addLabel(place.name, issue, "ada", "bug");
    await world.addLabel(place.name, issue, "ada", "dispatch:codex");
    const labelled = (await events(place, 2)).filter((event) => event.kind === "labels");
    const last = labelled.at(-1);
    assert.deepEqual([...(last?.labels ?? [])].sort(), ["bug", "dispatch:codex"]);
    assert.ok(last?.added === null || last?.added === "dispatch:codex");
    assert.equal(last?.by.id, place.ada.id);
    assert.equal(last?.issue.number, issue);
    assert.equal(new Set(labelled.map((event) => event.key)).size, labelled.length);
  });

  test("a label added to a pull request is an event that says so", async () => {
    const { world, repo, events } = setting();
    const place = await repo();
    await world.commit(place.name, { by: "ada", branch: "work", files: { "a.txt": "a" }, message: "Work" });
    const pull = await world.openPull(place.name, { by: "ada", head: "work", base: "main", title: "Pull" });
    await world.addLabel(place.name, pull, "ada", "dispatch:codex");
    const [event] = await events(place, 1);
    assert.ok(event?.kind === "labels");
    assert.deepEqual(
      [event.issue.number, event.issue.isPull, event.labels],
      [pull, true, ["dispatch:codex"]],
    );
  });

  test("a closed issue is an event", async () => {
    const { world, repo, events } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Close", body: "" });
    await world.closeIssue(place.name, issue, "ada");
    const [event] = await events(place, 1);
    assert.deepEqual([event?.kind, event?.issue.number, event?.by.id], ["closed", issue, place.ada.id]);
  });

  test("the same happening delivered again has the same key, whatever its delivery id", async () => {
    const { world, forge, repo, delivered } = setting();
    const place = await repo();
    const issue = await world.openIssue(place.name, { by: "ada", title: "Again", body: "" });
    await world.comment(place.name, issue, "ada", "/dispatch");
    await world.addLabel(place.name, issue, "ada", "dispatch:codex");
    for (const action of [/^created$/, /^label/]) {
      const first = await delivered(place, (one) => action.test(one.action ?? "") && one.status !== null);
      await world.redeliver(first.id);
      const again = await delivered(place, (one) => one !== first && one.body === first.body);
      const keys = [first, again].map((one) => forge.parse(received(forge, one))[0]?.key);
      assert.ok(keys[0]);
      assert.equal(keys[0], keys[1]);
    }
  });

  test("what does not concern us is no event", async () => {
    const { world, forge, repo, delivered } = setting();
    const place = await repo();
    await world.commit(place.name, { by: "ada", branch: "work", files: { "a.txt": "a" }, message: "Work" });
    const issue = await world.openIssue(place.name, { by: "ada", title: "Open", body: "" });
    await world.openPull(place.name, { by: "ada", head: "work", base: "main", title: "Pull" });
    await world.editIssue(place.name, issue, "ada", { body: "More" });
    for (const event of [/^issues/, /^pull_request/]) {
      const opened = await delivered(place, (one) => event.test(one.event) && one.action === "opened");
      assert.deepEqual(forge.parse(received(forge, opened)), []);
    }
    const edited = await delivered(place, ({ action }) => action === "edited");
    assert.deepEqual(forge.parse(received(forge, edited)), []);
    const unknown = {
      id: "1",
      forge: forge.name,
      event: "weather",
      body: '{"action":"created"}',
      receivedAt: 0,
    };
    assert.deepEqual(forge.parse(unknown), []);
  });

  test("a payload of a wrong shape is an error, not an event", async () => {
    const { forge } = setting();
    for (const body of ["{", "null", '{"action":"created","comment":{"id":"x"}}']) {
      const delivery = { id: "1", forge: forge.name, event: "issue_comment", body, receivedAt: 0 };
      assert.throws(() => forge.parse(delivery), body);
    }
  });
}
