import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { git, PATH, TOKEN, writeFiles } from "./remote.ts";
import { openRoom, type Room } from "./room.ts";

async function worked(room: Room, files: Readonly<Record<string, string>> = { "src/b.ts": "b\n" }) {
  const run = room.run();
  const prepared = await room.prepare(run);
  await writeFiles(prepared.folders.checkout, files);
  const work = await room.collect(run, prepared);
  assert.ok(work);
  return { run, prepared, sha: work.sha, checkout: prepared.folders.checkout };
}

test("a push makes one branch and nothing else, and doing it again is fine", async (t) => {
  const room = await openRoom(t);
  const { prepared, sha, checkout } = await worked(room);
  await git(checkout, "tag", "agents-tag");
  await room.push(prepared, sha);
  await room.push(prepared, sha);
  const refs = await room.remote.bare("for-each-ref", "--format=%(refname)");
  assert.equal(refs, "refs/heads/agent/fix-the-price-of-tea-15\nrefs/heads/main");
});

test("a branch someone else pushed to is not overwritten", async (t) => {
  const room = await openRoom(t);
  const { prepared, sha } = await worked(room);
  const theirs = await room.remote.commit({ "theirs.txt": "t" }, "theirs", prepared.workspace.branch);
  await assert.rejects(room.push(prepared, sha), {
    name: "Refusal",
    message: /running git push: someone else has pushed to the branch/,
  });
  assert.equal(await room.remote.bare("rev-parse", prepared.workspace.branch), theirs);
});

test("a bot that may not push is told what to give it, without its token", async (t) => {
  const room = await openRoom(t);
  const { prepared, sha } = await worked(room);
  room.remote.mayPush = false;
  await assert.rejects(room.push(prepared, sha), (error: Error & { fix: string }) => {
    assert.match(error.message, /running git push: the bot may not do this in the repository/);
    assert.match(error.fix, /write access/);
    assert.ok(!error.message.includes(TOKEN));
    return true;
  });
});

test("the address of a push is the forge's, whatever stands in the agent's configuration", async (t) => {
  const room = await openRoom(t);
  const { prepared, sha, checkout } = await worked(room);
  await git(checkout, "config", "remote.origin.pushurl", "http://127.0.0.1:9/evil.git");
  await git(checkout, "config", "url.http://127.0.0.1:9/.insteadOf", room.remote.credential.url);
  await room.push(prepared, sha);
  assert.equal(await room.remote.bare("rev-parse", prepared.workspace.branch), sha);
});

test("fetching says what is wrong: wrong token, no repository, no host, no git", async (t) => {
  const room = await openRoom(t);
  const { credential } = room.remote;
  const attempt = (change: Partial<typeof credential>) => {
    const controller = new AbortController();
    return room.workspaces.prepare({
      run: room.run(),
      defaultBranch: "main",
      credential: { ...credential, ...change },
      pull: null,
      signal: controller.signal,
      keep: false,
    });
  };
  const expected: [Partial<typeof credential>, RegExp, RegExp][] = [
    [{ password: "wrong-token" }, /git fetch: the forge refused the bot's credentials/, /Check the token/],
    [
      { url: credential.url.replace("shop", "shed") },
      /git fetch: the forge knows no such repository/,
      /access/,
    ],
    [{ url: "http://127.0.0.1:1/acme/shop.git" }, /git fetch: the forge did not answer/, /can reach it/],
    [{ url: "http://no-such-host.invalid/x.git" }, /git fetch: the forge did not answer/, /can reach it/],
    [{ url: "ext::sh -c touch% /tmp/x" }, /no plain http\(s\) URL/, /forge's URL/],
    [{ url: `${room.remote.dir}/acme/shop.git` }, /no plain http\(s\) URL/, /forge's URL/],
    [{ url: credential.url.replace("//", "//user:pass@") }, /no plain http\(s\) URL/, /forge's URL/],
  ];
  for (const [change, message, fix] of expected) {
    await assert.rejects(attempt(change), (error: Error & { fix: string }) => {
      assert.match(error.message, message);
      assert.match(error.fix, fix);
      assert.ok(!/wrong-token|bot-token/.test(error.message));
      return true;
    });
  }
  const without = await openRoom(t, { path: "/nowhere" });
  await assert.rejects(without.prepare(without.run()), {
    message: /no executable git on PATH/,
    fix: /Install git/,
  });
});

test("the credential goes to its own repository's address, and not where that leads on", async (t) => {
  const seen: (string | undefined)[] = [];
  const other = createServer((req, res) => {
    seen.push(req.headers.authorization);
    res.writeHead(404).end();
  });
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const { port } = other.address() as AddressInfo;
  const leading = createServer((req, res) => {
    res.writeHead(302, { location: `http://localhost:${port}${req.url}` }).end();
  });
  await new Promise<void>((done) => leading.listen(0, "127.0.0.1", done));
  t.after(() => [other, leading].map((server) => server.close()));
  const room = await openRoom(t);
  const url = `http://127.0.0.1:${(leading.address() as AddressInfo).port}/acme/shop.git`;
  const { signal } = new AbortController();
  const credential = { ...room.remote.credential, url };
  const request = { run: room.run(), defaultBranch: "main", credential, pull: null, signal, keep: false };
  await assert.rejects(room.workspaces.prepare(request));
  assert.deepEqual(new Set(seen), new Set([undefined]));
});

test("no git command shows the credential in its arguments, and all get an environment of their own", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "spy-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const log = join(dir, "log");
  const spy = `#!/bin/sh\nPATH=${PATH}\n(echo "argv: $*"; env | grep -v ^GIT_CONFIG_VALUE_0= ) >> ${log}\nexec git "$@"\n`;
  await writeFile(join(dir, "git"), spy, { mode: 0o755 });
  const room = await openRoom(t, { path: dir });
  const { prepared, sha } = await worked(room);
  await room.push(prepared, sha);
  const text = await readFile(log, "utf8");
  assert.match(text, /argv: .* push /);
  assert.ok(!text.includes(TOKEN) && !text.includes(Buffer.from(`bot:${TOKEN}`).toString("base64")));
  const names = new Set(text.match(/^[A-Z_0-9]+(?==)/gm));
  const own = ["PATH", "PWD", "OLDPWD", "SHLVL", "_", "HOME", "LC_ALL"];
  assert.deepEqual(
    [...names].filter((name) => !name.startsWith("GIT_") && !own.includes(name)),
    [],
  );
});
