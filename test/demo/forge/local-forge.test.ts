import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openLocalForge } from "./stage.ts";

const run = promisify(execFile);

test("a real push tells of the branch and moves the pull request on it", async (t) => {
  const { forge, ada, name, dir } = await openLocalForge(t);
  forge.setHook("http://127.0.0.1:9/", "a secret");
  await forge.commit(name, { by: "ada", branch: "work", files: { a: "a" }, message: "Work" });
  const number = await forge.openPull(name, { by: "ada", head: "work", base: "main", title: "Work" });
  const before = forge.issue(name, number).pull?.headSha;
  const checkout = join(dir, "checkout");
  const who = ["-c", "user.name=ada", "-c", "user.email=ada@localhost"];
  const url = forge.url.replace("//", `//ada:${ada.token}@`);
  await run("git", ["clone", "--quiet", "--branch", "work", `${url}/${name}.git`, checkout]);
  await writeFile(join(checkout, "b"), "b");
  await run("git", ["-C", checkout, "add", "."]);
  await run("git", ["-C", checkout, ...who, "commit", "--quiet", "-m", "More"]);
  await run("git", ["-C", checkout, "push", "--quiet"]);
  const { stdout } = await run("git", ["-C", checkout, "rev-parse", "HEAD"]);
  const [pull] = await forge.pulls(name);
  assert.equal(pull?.pull?.headSha, stdout.trim());
  assert.notEqual(before, stdout.trim());
  const told = () => forge.deliveries().map(({ type }) => type);
  while (!told().includes("pull_request_sync")) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(told(), ["push", "pull_request", "push", "pull_request_sync"]);
});

test("a label event tells the whole set and not the label, with the poster's permissions", async (t) => {
  const { forge, name } = await openLocalForge(t);
  forge.setHook("http://127.0.0.1:9/", "a secret");
  forge.createUser("eve");
  forge.addLabel(name, 1, "eve", "one");
  forge.addLabel(name, 1, "eve", "two");
  forge.removeLabel(name, 1, "eve", "one");
  forge.removeLabel(name, 1, "eve", "two");
  const payloads = forge.deliveries().map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    payloads.map(({ action, issue }) => [
      action,
      issue.labels.map(({ name: label }: { name: string }) => label),
    ]),
    [
      ["label_updated", ["one"]],
      ["label_updated", ["one", "two"]],
      ["label_updated", ["two"]],
      ["label_cleared", []],
    ],
  );
  assert.ok(payloads.every((payload) => !("label" in payload) && payload.issue.pull_request === null));
  assert.ok(
    payloads.every(({ sender, repository }) => sender.login === "eve" && repository.permissions.admin),
  );
});

test("a comment on a pull request carries the pull request and its own type", async (t) => {
  const { forge, name } = await openLocalForge(t);
  await forge.commit(name, { by: "ada", branch: "work", files: { a: "a" }, message: "Work" });
  const number = await forge.openPull(name, { by: "ada", head: "work", base: "main", title: "Work" });
  forge.setHook("http://127.0.0.1:9/", "a secret");
  forge.comment(name, number, "ada", "hello");
  const [delivery] = forge.deliveries();
  assert.deepEqual([delivery?.event, delivery?.type], ["issue_comment", "pull_request_comment"]);
  const payload = JSON.parse(delivery?.body ?? "{}");
  assert.deepEqual(
    [payload.is_pull, payload.pull_request.head.ref, payload.comment.issue_url],
    [true, "work", ""],
  );
});

test("failures and silence come when asked for, and end", async (t) => {
  const { forge, ada, api } = await openLocalForge(t);
  const end = forge.fail("GET", /^\/user$/, 503, { headers: { "retry-after": "1" } });
  assert.equal((await api(ada, "GET", "/user")).headers.get("retry-after"), "1");
  end();
  forge.fail("GET", /^\/user$/, 500, { times: 2 });
  const statuses = [];
  for (let at = 0; at < 3; at++) statuses.push((await api(ada, "GET", "/user")).status);
  assert.deepEqual(statuses, [500, 500, 200]);
  const release = forge.hang(/^\/user$/);
  const asked = api(ada, "GET", "/user");
  const dropped = assert.rejects(asked);
  assert.equal((await api(ada, "GET", "/version")).status, 200);
  release();
  await dropped;
  assert.equal((await api(ada, "GET", "/user")).status, 200);
});

test("names that would lead out of the folder are refused", async (t) => {
  const { forge } = await openLocalForge(t);
  for (const owner of ["..", "a/b", ".a", ""]) assert.throws(() => forge.createUser(owner), /no login/);
  for (const name of ["..", "a/b", "a.git", ""]) {
    await assert.rejects(forge.createRepo({ owner: "ada", name, files: {} }), /no repository's name/);
  }
});
