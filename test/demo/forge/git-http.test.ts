import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { type GitRequest, gitHttp } from "../../../src/demo/forge/git-http.ts";

const run = promisify(execFile);
const ENV = {
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@localhost",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@localhost",
};

async function open(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "git-http-"));
  const root = join(dir, "root");
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(root, "acme", "app.git")]);
  await run("git", ["init", "--quiet", "--bare", join(dir, "secret.git")]);
  const asked: GitRequest[] = [];
  const pushes: string[] = [];
  const handler = gitHttp({
    root,
    authorize(request) {
      asked.push(request);
      if (request.password !== "right") return "unauthorized";
      return request.write && request.user === "reader" ? "forbidden" : "ok";
    },
    pushed: ({ owner, repo, user }) => void pushes.push(`${user} ${owner}/${repo}`),
  });
  const server = createServer((req, res) => {
    if (!handler(req, res)) res.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true, force: true });
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = (user: string, password = "right") => `http://${user}:${password}@${host}/acme/app.git`;
  const git = (...args: string[]) => run("git", args, { env: ENV, cwd: dir });
  return { dir, host, url, git, asked, pushes };
}

test("what is pushed, also when it is large, is what is cloned", async (t) => {
  const { dir, url, git, pushes } = await open(t);
  await git("clone", "--quiet", url("writer"), "one");
  const content = Buffer.alloc(5_000_000, "0123456789abcdef\n");
  await writeFile(join(dir, "one", "large.txt"), content);
  await git("-C", "one", "add", ".");
  await git("-C", "one", "commit", "--quiet", "-m", "Large");
  await git("-C", "one", "push", "--quiet", "origin", "HEAD:main");
  await git("clone", "--quiet", url("reader"), "two");
  const { stdout } = await git("-C", "two", "rev-parse", "HEAD");
  assert.equal(stdout, (await git("-C", "one", "rev-parse", "HEAD")).stdout);
  assert.ok(pushes.includes("writer acme/app"));
});

test("without a password git is asked for one, and a wrong one is refused", async (t) => {
  const { host, url, git } = await open(t);
  await assert.rejects(git("ls-remote", `http://${host}/acme/app`), /could not read Username/);
  await assert.rejects(git("ls-remote", url("writer", "wrong")), /Authentication failed/);
});

test("who may only read cannot push, and is asked for write before anything is sent", async (t) => {
  const { dir, url, git, asked } = await open(t);
  await git("clone", "--quiet", url("reader"), "one");
  await writeFile(join(dir, "one", "a"), "a");
  await git("-C", "one", "add", ".");
  await git("-C", "one", "commit", "--quiet", "-m", "A");
  await assert.rejects(git("-C", "one", "push", "origin", "HEAD:main"), /403/);
  assert.deepEqual(
    asked
      .filter(({ write, user }) => write && user !== "")
      .map(({ user, owner, repo }) => [user, owner, repo]),
    [["reader", "acme", "app"]],
  );
});

test("a repository that is not there is not found", async (t) => {
  const { url, git } = await open(t);
  await assert.rejects(git("ls-remote", url("writer").replace("app.git", "none.git")), /not found/);
});

/** The path goes out as it is, unlike with fetch. */
function statusOf(host: string, path: string, authorization: string): Promise<number> {
  const [hostname, port] = host.split(":");
  return new Promise((resolve, reject) => {
    get({ hostname, port, path, headers: { authorization } }, (res) => {
      res.resume();
      resolve(res.statusCode ?? 0);
    }).once("error", reject);
  });
}

test("no path leads out of the root", async (t) => {
  const { host } = await open(t);
  const authorization = `Basic ${Buffer.from("writer:right").toString("base64")}`;
  for (const path of [
    "/acme/../secret.git",
    "/../secret.git",
    "/acme/..%2f..%2fsecret.git",
    "/./secret.git",
    "/acme/..",
  ]) {
    const status = await statusOf(host, `${path}/info/refs?service=git-upload-pack`, authorization);
    assert.ok([404, 418].includes(status), `${path} → ${status}`);
  }
});

test("other requests are left to others", async (t) => {
  const { host } = await open(t);
  assert.equal((await fetch(`http://${host}/acme/app`)).status, 418);
  assert.equal((await fetch(`http://${host}/acme/app.git/config`)).status, 418);
});
