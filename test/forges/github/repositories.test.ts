import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import type { GitCredential } from "../../../src/forges/forge.ts";
import { webUrl } from "../../../src/forges/github/web-url.ts";
import { connect } from "./connect.ts";

function git(credential: GitCredential, args: readonly string[], cwd?: string) {
  const basic = Buffer.from(`${credential.username}:${credential.password}`).toString("base64");
  const env = {
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
  return execa("git", args, { env, reject: false, ...(cwd && { cwd }) });
}

test("a repository's facts are read", async (t) => {
  const { world, forge, repo } = await connect(t);
  const url = `${world.url}/acme/app`;
  assert.deepEqual(await forge.repository(repo), {
    defaultBranch: "main",
    private: false,
    timeTracking: false,
    url,
  });
});

test("files come from the default branch, whole; missing ones and folders are null", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const files = { ".github/dispatch.yml": "enabled: true # ü\n", "list.json": '{"a":1}\n', empty: "" };
  await world.commit(name, { by: "alice", branch: "main", files, message: "Add" });
  for (const [path, text] of Object.entries(files)) assert.equal(await forge.file(repo, path), text, path);
  assert.equal(await forge.file(repo, "none.txt"), null);
  assert.equal(await forge.file(repo, ".github"), null);
  assert.deepEqual(world.violations(), []);
});

test("a file beyond a megabyte is refused by name", async (t) => {
  const { world, forge, repo, name } = await connect(t);
  const files = { "fits.txt": "x".repeat(1024 * 1024), "large.txt": "x".repeat(1024 * 1024 + 1) };
  await world.commit(name, { by: "alice", branch: "main", files, message: "Add" });
  assert.equal((await forge.file(repo, "fits.txt"))?.length, 1024 * 1024);
  await assert.rejects(forge.file(repo, "large.txt"), {
    name: "Refusal",
    message: /large\.txt of acme\/app/,
  });
});

for (const as of ["app", "token"] as const) {
  test(`git fetches and pushes with the credential of the ${as}`, async (t) => {
    const { world, forge, repo, name } = await connect(t, as);
    const credential = await forge.gitCredential(repo);
    assert.ok(!credential.url.includes(credential.password));
    const dir = await mkdtemp(join(tmpdir(), "github-git-"));
    t.after(() => rm(dir, { recursive: true, force: true }));
    assert.equal((await git(credential, ["clone", "--quiet", credential.url, dir])).exitCode, 0);
    const pushed = await git(credential, ["push", "--quiet", "origin", "HEAD:refs/heads/work"], dir);
    assert.equal(pushed.exitCode, 0, pushed.stderr);
    assert.deepEqual(await world.branches(name), ["main", "work"]);
  });
}

test("an App's git token is kept for its hour and opens one repository only", async (t) => {
  const { world, forge, repo } = await connect(t);
  await world.createRepo({ owner: "acme", name: "other", files: { a: "1" } });
  const credential = await forge.gitCredential(repo);
  assert.equal((await forge.gitCredential(repo)).password, credential.password);
  const other = { ...credential, url: credential.url.replace("/app.git", "/other.git") };
  const pushed = await git(other, ["push", other.url, "HEAD:refs/heads/x"], import.meta.dirname);
  assert.notEqual(pushed.exitCode, 0);
  assert.deepEqual(world.violations(), []);
});

test("a wrong password opens nothing", async (t) => {
  const { forge, repo } = await connect(t);
  const credential = { ...(await forge.gitCredential(repo)), password: "ghs_wrong" };
  const listed = await git(credential, ["ls-remote", credential.url]);
  assert.notEqual(listed.exitCode, 0);
});

test("git's address follows from the API's", () => {
  assert.equal(webUrl(null), "https://github.com");
  assert.equal(webUrl("https://api.github.com/"), "https://github.com");
  assert.equal(webUrl("https://git.example.org/api/v3"), "https://git.example.org");
  assert.equal(webUrl("https://git.example.org/api/v3/"), "https://git.example.org");
  assert.equal(webUrl("https://api.acme.ghe.com"), "https://acme.ghe.com");
  assert.equal(webUrl("http://127.0.0.1:4001"), "http://127.0.0.1:4001");
});
