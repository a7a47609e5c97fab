/** Looks at an instance of which a part is broken, or all of it slow: what can be found is, and the rest is later. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { HOUR, LABEL, openLooks } from "./looks.ts";

/** With a second repository, `ada/broken`, whose name comes between two others. */
async function openTwo(t: TestContext) {
  const opened = await openLooks(t);
  const { world, local } = opened;
  const broken = await world.createRepo({ owner: "ada", name: "broken", files: { a: "a" } });
  const last = await world.createRepo({ owner: "ada", name: "last", files: { a: "a" } });
  const issueOf = (repo: string) => local.openIssue(repo, { by: "ada", title: "Title", body: "" });
  return { ...opened, broken, there: issueOf(broken), last, lastIssue: issueOf(last) };
}

test("a repository that is broken hides nothing of the others, and what happened there is found once it works", async (t) => {
  const { local, repo, issue, last, lastIssue, broken, there, look, later, cursor } = await openTwo(t);
  local.comment(repo, issue, "ada", "one");
  local.comment(last, lastIssue, "ada", "two");
  local.comment(broken, there, "ada", "three");
  later(HOUR);
  const end = local.fail("GET", /^\/repos\/ada\/broken\//, 500);
  const first = await look(cursor);
  assert.equal(first.deliveries.length, 2);
  assert.match(first.trouble ?? "", /^ada\/broken \(looking for changed issues in ada\/broken: .* 500/);
  later(HOUR);
  const second = await look(first.cursor);
  assert.deepEqual([second.deliveries, second.trouble, second.through], [[], first.trouble, true]);
  end();
  const third = await look(second.cursor);
  assert.deepEqual([third.deliveries.length, third.trouble], [1, null]);
  later(HOUR);
  assert.deepEqual((await look(third.cursor)).deliveries, []);
});

test("a repository without an answer is one that is broken", async (t) => {
  const { local, last, lastIssue, look, cursor } = await openTwo(t);
  local.comment(last, lastIssue, "ada", "one");
  // Longer than the test's patience for a request.
  const end = local.hang(/^\/repos\/ada\/broken\//);
  const missed = await look(cursor, {}, 100);
  end();
  assert.equal(missed.deliveries.length, 1);
  assert.match(missed.trouble ?? "", /ada\/broken .*did not answer in time/);
});

test("when nothing at all can be read the look fails, and so it does when the token is revoked meanwhile", async (t) => {
  const { local, look, cursor } = await openTwo(t);
  const end = local.fail("GET", /\/issues$/, 502);
  await assert.rejects(look(cursor), { name: "ForgeError", status: 502 });
  end();
  local.fail("GET", /\/broken\/issues$/, 401);
  await assert.rejects(look(cursor), { name: "ForgeError", status: 401 });
});

test("an issue whose timeline is broken hides nothing of the rest, and its label is found later", async (t) => {
  const { local, repo, issue, look, found, later, cursor } = await openTwo(t);
  const other = local.openIssue(repo, { by: "ada", title: "Other", body: "" });
  for (const one of [issue, other]) local.addLabel(repo, one, "ada", LABEL);
  local.comment(repo, issue, "ada", "one");
  const end = local.fail("GET", new RegExp(`/issues/${issue}/timeline$`), 500);
  const first = await look(cursor);
  assert.equal(first.deliveries.length, 2);
  assert.match(first.trouble ?? "", /^ada\/app \(reading the timeline of ada\/app#\d+/);
  end();
  later(HOUR);
  assert.deepEqual(
    (await found(first.cursor)).flatMap((event) => (event.kind === "labels" ? [event.issue.number] : [])),
    [other, issue],
  );
});

test("a limit in the midst of a look keeps what was found; at its beginning the forge says when to come again", async (t) => {
  const { local, repo, issue, look, cursor } = await openTwo(t);
  local.comment(repo, issue, "ada", "one");
  const wait = { headers: { "retry-after": "9" } };
  const end = local.fail("GET", /\/broken\/issues$/, 429, wait);
  const first = await look(cursor);
  assert.deepEqual([first.deliveries.length, first.through], [1, false]);
  assert.match(first.trouble ?? "", /429/);
  await assert.rejects(look(first.cursor), { retryable: true, retryAfterMs: 9_000 });
  end();
  assert.deepEqual((await look(first.cursor)).through, true);
});

test("a look at a slow instance stops in time and goes on there, also within a page", async (t) => {
  const clock = { ms: 0 };
  const limits = { ms: 3_000, ticks: () => clock.ms };
  const { local, world, repo, issue, look, cursor } = await openLooks(t, limits);
  local.fail(null, /./, 500, {
    when() {
      clock.ms += 1_000;
      return false;
    },
  });
  const ids = new Set<string>();
  for (let count = 0; count < 5; count++) {
    const one = local.openIssue(repo, { by: "ada", title: "Title", body: "" });
    local.addLabel(repo, one, "ada", LABEL);
    await world.createRepo({ owner: "ada", name: `quiet-${count}`, files: { a: "a" } });
  }
  local.comment(repo, issue, "ada", "one");
  let looks = 0;
  for (let place = cursor, isThrough = false; !isThrough; looks++) {
    const begun = clock.ms;
    const missed = await look(place);
    for (const { id } of missed.deliveries) ids.add(id);
    assert.ok(clock.ms - begun <= 10_000, `a look took ${clock.ms - begun} ms`);
    [place, isThrough] = [missed.cursor, missed.through !== false];
    assert.ok(looks < 30);
  }
  assert.deepEqual([ids.size, looks > 8], [6, true]);
});

test("a look that is broken off hands back what it has found, and the place", async (t) => {
  const { local, repo, issue, last, lastIssue, look, cursor } = await openTwo(t);
  local.comment(repo, issue, "ada", "one");
  local.comment(last, lastIssue, "ada", "two");
  const stop = new AbortController();
  const when = () => Boolean(setImmediate(() => stop.abort()));
  const end = local.hang(/\/broken\/issues$/, { when });
  const first = await look(cursor, { signal: stop.signal });
  end();
  assert.deepEqual([first.deliveries.length, first.through, first.trouble], [1, false, null]);
  const second = await look(first.cursor);
  assert.deepEqual([second.deliveries.length, second.through], [1, true]);
});
