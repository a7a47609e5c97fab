import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../../fakes/forge.ts";
import { connect } from "./connect.ts";

const pull = { head: "work", base: "main", title: "Fix it", body: "Closes #1", draft: false };
const change = { by: "alice", branch: "work", files: { "a.txt": "1" }, message: "Add a" };

test("a pull request is opened once; asked again, the open one is given", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  await world.commit(name, change);
  const first = await forge.openPull(repo, pull);
  assert.equal(first.opened, true);
  assert.deepEqual(await forge.openPull(repo, pull), { ...first, opened: false });
  assert.equal((await world.pulls(name)).length, 1);
  assert.deepEqual(world.violations(), []);
});

test("a draft is opened as one", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  await world.commit(name, change);
  await forge.openPull(repo, { ...pull, draft: true });
  assert.equal((await world.pulls(name))[0]?.draft, true);
});

test("where there are no drafts, the pull request is opened without", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  world.withoutDrafts(name);
  await world.commit(name, change);
  assert.equal((await forge.openPull(repo, { ...pull, draft: true })).opened, true);
  assert.equal((await world.pulls(name))[0]?.draft, false);
});

test("nothing to merge is GitHub's no, in its words", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  await world.commit(name, { ...change, files: {} });
  await world.commit(name, { ...change, branch: "main" });
  const empty = { ...pull, head: "main", base: "work" };
  await forge.openPull(repo, { ...empty, head: "main" });
  await assert.rejects(forge.openPull(repo, { ...pull, head: "gone" }), {
    name: "ForgeError",
    status: 422,
    retryable: false,
    message: /opening a pull request in acme\/app: GitHub answered 422: Validation Failed.*head/,
  });
});

test("a pull request is read with its true commit, also after another push", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  await world.commit(name, change);
  const { number } = await forge.openPull(repo, pull);
  const sha = await world.commit(name, { ...change, files: { "b.txt": "2" } });
  const read = await forge.pull(repo, number);
  assert.deepEqual(read, {
    number,
    url: `${world.url}/acme/app/pull/${number}`,
    title: "Fix it",
    open: true,
    headBranch: "work",
    headSha: sha,
    headRepo: repo,
    baseBranch: "main",
  });
  await world.closeIssue(name, number, "alice");
  assert.equal((await forge.pull(repo, number)).open, false);
});

test("a fork's pull request names the fork", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  await world.createUser("carol");
  const fork = await world.fork(name, "carol");
  await world.commit(fork, { ...change, by: "carol" });
  const number = await world.openPull(name, { by: "carol", head: "carol:work", base: "main", title: "Mine" });
  assert.deepEqual((await forge.pull(repo, number)).headRepo, {
    forge: "github",
    owner: "carol",
    name: "app",
  });
});

test("a deleted fork leaves a pull request without a head repository", async (t) => {
  const { world, forge, repo } = await connect(t);
  const gone = {
    number: 9,
    html_url: "u",
    title: "t",
    state: "open",
    head: { ref: "h", sha: "s", repo: null },
    base: { ref: "main" },
  };
  world.answer("GET", /\/pulls\/9$/, 200, gone);
  assert.equal((await forge.pull(repo, 9)).headRepo, null);
});

test("reviews go on over pages; a pending one and a gone author are told apart", async (t) => {
  const { world, forge, repo } = await connect(t);
  const one = { id: 1, user: { id: 5, login: "eve" }, body: "Fine", state: "COMMENTED" };
  const pages = [
    Array(100).fill(one),
    [
      { ...one, id: 2, state: "PENDING" },
      { ...one, id: 3, user: null },
    ],
  ];
  for (const page of pages) world.answer("GET", /\/pulls\/9\/reviews$/, 200, page, { times: 1 });
  const reviews = await forge.reviews(repo, 9);
  assert.equal(reviews.length, 101);
  assert.deepEqual(reviews.at(-1), { id: "3", author: { id: 0, login: "ghost" }, body: "Fine" });
  assert.deepEqual(world.violations(), []);
});

test("a review neither approves nor rejects", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  await world.commit(name, change);
  const { number } = await forge.openPull(repo, pull);
  assert.match(await forge.review(repo, number, "Two findings", ours), /^\d+$/);
  const [review] = await world.reviews(name, number);
  assert.deepEqual([review?.by, review?.body], [world.bot.login, "Two findings"]);
  assert.match(review?.state ?? "", /^COMMENT/);
  assert.deepEqual(world.violations(), []);
});
