import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { GitCredential } from "../../../src/forges/forge.ts";
import type { Setting } from "./setting.ts";

const run = promisify(execFile);

/** As the bot does it: the password only in the one command's environment. */
function environment({ url, username, password }: GitCredential): NodeJS.ProcessEnv {
  const basic = Buffer.from(`${username}:${password}`).toString("base64");
  return {
    PATH: process.env.PATH,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${url}.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    GIT_AUTHOR_NAME: "bot",
    GIT_AUTHOR_EMAIL: "bot@localhost",
    GIT_COMMITTER_NAME: "bot",
    GIT_COMMITTER_EMAIL: "bot@localhost",
  };
}

export function gitContract(setting: () => Setting): void {
  test("the git credential fetches and pushes, and its password is not in the URL", async (t) => {
    const { forge, world, repo } = setting();
    const place = await repo();
    const credential = await forge.gitCredential(place.ref);
    assert.ok(!credential.url.includes(credential.password));
    assert.ok(!credential.url.includes("@"));
    const dir = await mkdtemp(join(tmpdir(), "forge-contract-"));
    t.after(() => rm(dir, { recursive: true, force: true }));
    const env = environment(credential);
    const git = (...args: string[]) => run("git", ["-C", dir, ...args], { env });
    await git("clone", "--quiet", credential.url, ".");
    await git("checkout", "--quiet", "-b", "agent/work-1");
    await writeFile(join(dir, "work.txt"), "done\n");
    await git("add", ".");
    await git("commit", "--quiet", "-m", "Work");
    await git("push", "--quiet", credential.url, "HEAD:refs/heads/agent/work-1");
    assert.equal(await world.fileAt(place.name, "agent/work-1", "work.txt"), "done\n");
  });

  test("a wrong password is refused by git", async () => {
    const { forge, repo } = setting();
    const place = await repo();
    const credential = { ...(await forge.gitCredential(place.ref)), password: "wrong" };
    const env = environment(credential);
    await assert.rejects(
      run("git", ["ls-remote", credential.url], { env }),
      /Authentication failed|could not read/,
    );
  });
}
