/** The server's own logins, lent to agents nobody trusts. */
import assert from "node:assert/strict";
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { createCodex } from "../../src/agents/codex/codex.ts";
import { Refusal } from "../../src/model/errors.ts";
import { writeLaunchFiles } from "../../src/supervisor/launch-files.ts";
import { lend, renewedSecrets, takeBack } from "../../src/supervisor/logins.ts";

const { logins } = createCodex({ baseUrl: null, ollamaUrl: null, now: () => 0 });

function jwt(claims: object, signature = "signed"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.${signature}`;
}

const OURS = { sub: "google|1", email: "bot@acme.test", "https://api.openai.com/auth": { user_id: "u1" } };

function auth(n: number, change: object = {}) {
  return {
    auth_mode: "chatgpt",
    OPENAI_API_KEY: null,
    tokens: {
      id_token: jwt({ ...OURS, exp: n }),
      access_token: jwt({ ...OURS, iat: n }),
      refresh_token: `refresh-token-${n}`,
      account_id: "acme",
      ...change,
    },
    last_refresh: `2026-11-2${n}T00:00:00Z`,
  };
}

async function desk(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "logins-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const home = join(dir, "server");
  const file = join(home, ".codex/auth.json");
  const write = async (path: string, value: unknown) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(value));
  };
  const read = async () => JSON.parse(await readFile(file, "utf8"));
  await write(file, { ...auth(1), mcp_logins: "of the admin's" });
  /** A run that was lent the login as it is now. */
  const run = async (name: string) => {
    const part = (one: string) => join(dir, name, one);
    const folders = { checkout: part("repo"), meta: part("meta"), home: part("home"), logs: part("logs") };
    await mkdir(folders.logs, { recursive: true });
    const lent = lend("codex", logins, home);
    lent.record(folders);
    await writeLaunchFiles(lent.files, folders);
    const copy = join(folders.home, ".codex/auth.json");
    return {
      folders,
      copy,
      lent,
      renew: (value: unknown) => write(copy, value),
      back: () => takeBack(logins, home, folders),
    };
  };
  return { dir, home, file, write, read, run };
}

test("a run gets a copy of its own, for itself alone, without what else stands in the file", async (t) => {
  const { run } = await desk(t);
  const { copy, lent } = await run("a");
  const stats = await lstat(copy);
  assert.deepEqual([stats.isFile(), stats.nlink, stats.mode & 0o777], [true, 1, 0o600]);
  assert.deepEqual(JSON.parse(await readFile(copy, "utf8")), auth(1));
  const { tokens } = auth(1);
  assert.deepEqual(lent.secrets, [tokens.id_token, tokens.access_token, tokens.refresh_token]);
});

test("a missing, linked, broken or huge login is refused at the start, with how to log in", async (t) => {
  const { dir, home, file } = await desk(t);
  const spoil: Record<string, () => Promise<unknown>> = {
    "not JSON": () => writeFile(file, "{"),
    "nothing of a login": () => writeFile(file, "{}"),
    huge: () => writeFile(file, `{"tokens": "${"x".repeat(300_000)}"}`),
    "a pipe": () => promisify(execFile)("mkfifo", [file]),
    "a link": () => symlink(join(dir, "elsewhere"), file),
    missing: async () => {},
  };
  await writeFile(join(dir, "elsewhere"), JSON.stringify(auth(1)));
  for (const [how, act] of Object.entries(spoil)) {
    await rm(file, { force: true });
    await act();
    assert.throws(
      () => lend("codex", logins, home),
      (error) => error instanceof Refusal && /codex login/.test(error.fix ?? ""),
      how,
    );
  }
});

test("a renewed login is taken back, for its owner alone, and its copy destroyed", async (t) => {
  const { file, read, run, home } = await desk(t);
  await chmod(file, 0o644);
  const { back, copy, renew, folders } = await run("a");
  await renew(auth(2));
  assert.ok(renewedSecrets(logins, home, folders).includes("refresh-token-2"));
  assert.deepEqual(
    back().map(({ how }) => how),
    ["renewed"],
  );
  assert.deepEqual(await read(), { ...auth(2), mcp_logins: "of the admin's" });
  assert.equal((await lstat(file)).mode & 0o777, 0o600);
  await assert.rejects(lstat(copy), { code: "ENOENT" });
  assert.deepEqual(back(), [], "once more, it does nothing");
  assert.deepEqual((await readdir(dirname(file))).sort(), ["auth.json", "auth.json.lock"]);
});

test("nothing is taken back of a login that did not change", async (t) => {
  const { file, run } = await desk(t);
  const before = await lstat(file);
  const { back } = await run("a");
  assert.deepEqual(back(), [{ path: ".codex/auth.json", how: "unchanged", why: null }]);
  assert.equal((await lstat(file)).ino, before.ino);
});

test("of two runs the first to renew wins, and the other one's is not written over it", async (t) => {
  const { read, run } = await desk(t);
  const [a, b, c] = [await run("a"), await run("b"), await run("c")];
  await a.renew(auth(2));
  await b.renew(auth(3));
  assert.equal(b.back()[0]?.how, "renewed");
  assert.match(a.back()[0]?.why ?? "", /renewed meanwhile/);
  assert.equal(c.back()[0]?.how, "unchanged", "one that kept the old login is no trouble");
  assert.equal((await read()).tokens.refresh_token, "refresh-token-3");
});

test("a crash between taking back and forgetting leaves the next process nothing to do wrong", async (t) => {
  const { read, run } = await desk(t);
  const { back, renew, folders, lent } = await run("a");
  await renew(auth(2));
  back();
  // As if the process had gone before it destroyed the copy and its record.
  lent.record(folders);
  await renew(auth(3));
  assert.match(back()[0]?.why ?? "", /renewed meanwhile/);
  assert.equal((await read()).tokens.refresh_token, "refresh-token-2");
});

test("an agent can plant neither another account, nor other fields, nor what is no login", async (t) => {
  const { dir, file, run } = await desk(t);
  const { tokens } = auth(2);
  const theirs = jwt({ ...OURS, sub: "google|666", iat: 2 });
  const planted: Record<string, unknown> = {
    "another account's id": auth(2, { account_id: "evil" }),
    "another account's token": auth(2, { access_token: theirs }),
    "another user's token": auth(2, {
      id_token: jwt({ ...OURS, "https://api.openai.com/auth": { user_id: "u2" } }),
    }),
    "a token of no account": auth(2, { access_token: "opaque" }),
    "a key": { ...auth(2), OPENAI_API_KEY: "sk-evil" },
    "a way to log in": { ...auth(2), auth_mode: "apikey" },
    "no token": { ...auth(2), tokens: { ...tokens, refresh_token: null } },
    "a token with a line break": auth(2, { refresh_token: "refresh\nX: y" }),
    "a token of a megabyte": auth(2, { refresh_token: "x".repeat(1 << 20) }),
    "a list": [auth(2)],
    "a text": "x",
  };
  const before = await readFile(file, "utf8");
  for (const [what, value] of Object.entries(planted)) {
    const { back, renew } = await run("a");
    await renew(value);
    assert.equal(back()[0]?.how, "refused", what);
    assert.equal(await readFile(file, "utf8"), before, what);
  }
  const { back, renew } = await run("a");
  await renew({ ...auth(2), evil: "x", tokens: { ...tokens, evil: "y" } });
  assert.equal(back()[0]?.how, "renewed");
  assert.ok(!(await readFile(file, "utf8")).includes("evil"), "other fields stay behind");
  await rm(dir, { recursive: true });
});

test("what an agent puts in the place of its copy is not followed, waited for or read whole", async (t) => {
  const { dir, file, run, write } = await desk(t);
  const before = await readFile(file, "utf8");
  await write(join(dir, "other/.codex/auth.json"), auth(2));
  const tricks: Record<string, (copy: string) => Promise<unknown>> = {
    "a link": (copy) => symlink(join(dir, "other/.codex/auth.json"), copy),
    "a pipe": (copy) => promisify(execFile)("mkfifo", [copy]),
    "a folder": (copy) => mkdir(join(copy, "x"), { recursive: true }),
    nothing: async () => {},
    "a linked folder": async (copy) => {
      await rm(dirname(copy), { recursive: true });
      await symlink(join(dir, "other/.codex"), dirname(copy));
    },
  };
  for (const [what, play] of Object.entries(tricks)) {
    const { back, copy } = await run("a");
    await rm(copy);
    await play(copy);
    assert.equal(back()[0]?.how, "refused", what);
    assert.equal(await readFile(file, "utf8"), before, what);
    assert.equal(
      JSON.parse(await readFile(join(dir, "other/.codex/auth.json"), "utf8")).auth_mode,
      "chatgpt",
    );
  }
});

test("the lock is one between processes, and one that died holds none", async (t) => {
  const { dir, file, read, run } = await desk(t);
  const script = join(dir, "hold.mjs");
  await writeFile(
    script,
    `import { DatabaseSync } from "node:sqlite";
     const lock = new DatabaseSync(${JSON.stringify(`${file}.lock`)});
     lock.exec("begin exclusive");
     process.send("held");
     process.on("message", () => process.exit());`,
  );
  const { back, renew } = await run("a");
  await renew(auth(2));
  const holder = fork(script, { execArgv: ["--no-warnings"] });
  await once(holder, "message");
  const free = new DatabaseSync(`${file}.lock`, { timeout: 0 });
  assert.throws(() => free.exec("begin exclusive"), /locked/);
  free.close();
  holder.kill("SIGKILL");
  await once(holder, "exit");
  assert.equal(back()[0]?.how, "renewed");
  assert.equal((await read()).tokens.refresh_token, "refresh-token-2");
});
