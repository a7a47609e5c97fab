/** A commit's author is the bot with the requester as co-author, whatever the agent made of it; and it is signed. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { git, PATH, writeFiles } from "./remote.ts";
import { openRoom, type Room } from "./room.ts";

const run = promisify(execFile);
const ANN = { name: "ann", email: "1+ann@users.noreply.github.com" };

async function begin(room: Room) {
  const started = room.run();
  const prepared = await room.prepare(started);
  return { run: started, prepared, checkout: prepared.folders.checkout };
}

async function commitFile(checkout: string, name: string, message: string, ...more: string[]) {
  await writeFiles(checkout, { [name]: `${name}\n` });
  await git(checkout, "add", "-A");
  await git(checkout, "commit", "-q", "-m", message, ...more);
}

test("forged authors and co-authors of an agent's commits are left out, messages and dates stay, and it is said", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  const forged =
    "Add a\n\nWhy.\n\nCo-authored-by: Linus <l@example.org>\nSigned-off-by: Eve <eve@example.org>\n";
  await commitFile(
    checkout,
    "a.txt",
    forged,
    "--author",
    "Linus <l@example.org>",
    "--date",
    "1700000000 +0200",
  );
  await commitFile(checkout, "b.txt", "Add b");
  const work = await room.collect(run, prepared, "Leftovers", ANN);
  assert.ok(work);
  assert.deepEqual([work.commits, work.files], [2, 2]);
  assert.match(work.note ?? "", /named another author are published as the bot's own/);
  await room.push(prepared, work.sha);
  const log = await room.remote.bare(
    "log",
    "-2",
    "--reverse",
    "--format=%an <%ae> %cn <%ce>%n%B--",
    work.sha,
  );
  const bot = "Dispatch Bot <bot@example.org>";
  const co = "Co-authored-by: ann <1+ann@users.noreply.github.com>";
  assert.equal(log, `${bot} ${bot}\nAdd a\n\nWhy.\n\n${co}\n--\n${bot} ${bot}\nAdd b\n\n${co}\n--`);
  assert.equal(
    await room.remote.bare("log", "-1", "--format=%ad", "--date=raw", `${work.sha}~`),
    "1700000000 +0200",
  );
  assert.deepEqual(await room.collect(run, prepared, "Leftovers", ANN), work, "the same when done again");
});

test("merges stay merges, and commits that the forge has already stay as they are", async (t) => {
  const room = await openRoom(t);
  const side = await room.remote.commit({ "side.txt": "s\n" }, "On a branch of people's", "side");
  const { run, prepared, checkout } = await begin(room);
  await commitFile(checkout, "a.txt", "Add a");
  await git(checkout, "merge", "-q", "--no-ff", "-m", "Merge side", "origin/side");
  const work = await room.collect(run, prepared, "Leftovers", ANN);
  assert.ok(work);
  await room.push(prepared, work.sha);
  const parents = (await room.remote.bare("log", "-1", "--format=%P", work.sha)).split(" ");
  assert.equal(parents.length, 2);
  assert.equal(parents[1], side);
});

test("more commits than anyone reads become one", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  const head = await git(checkout, "rev-parse", "HEAD");
  const commit = (n: number) =>
    `commit refs/heads/many\ncommitter E <e@e> ${1_700_000_000 + n} +0000\ndata 1\nx\n${n === 0 ? `from ${head}\n` : ""}M 100644 inline f\ndata <<E\n${n}\nE\n`;
  await writeFile(join(checkout, "../import"), Array.from({ length: 501 }, (_, n) => commit(n)).join("\n"));
  await run_(`git fast-import --quiet < ../import && git checkout -q many`, checkout);
  const work = await room.collect(run, prepared, "All of it", ANN);
  assert.equal(work?.commits, 1);
  assert.match(work?.note ?? "", /more commits than anyone reads/);
});

async function run_(script: string, cwd: string): Promise<void> {
  await run("sh", ["-c", script], { cwd, env: { PATH, HOME: "/nonexistent" } });
}

test("work that goes on after a push is put on what was pushed", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await commitFile(checkout, "a.txt", "Add a");
  const first = await room.collect(run, prepared, "Leftovers", ANN);
  await room.push(prepared, first?.sha ?? "");
  await commitFile(checkout, "b.txt", "Add b");
  const second = await room.collect(run, prepared, "Leftovers", ANN);
  assert.ok(second);
  await room.push(prepared, second.sha);
  assert.equal(await room.remote.bare("rev-parse", `${second.sha}~`), first?.sha);
});

async function keys(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "signing-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("with an SSH key every commit that is published is signed, the agent's and the bot's", async (t) => {
  const dir = await keys(t);
  const file = join(dir, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "bot", "-f", file]);
  const room = await openRoom(t, { signing: { format: "ssh", file } });
  const { run: started, prepared, checkout } = await begin(room);
  await commitFile(checkout, "a.txt", "Add a");
  await writeFiles(checkout, { "left.txt": "over\n" });
  const work = await room.collect(started, prepared, "Leftovers", ANN);
  assert.ok(work);
  await room.push(prepared, work.sha);
  const signers = join(dir, "signers");
  await writeFile(signers, `bot@example.org ${await readFile(`${file}.pub`, "utf8")}`);
  const verify = ["-c", "gpg.format=ssh", "-c", `gpg.ssh.allowedSignersFile=${signers}`, "verify-commit"];
  for (const sha of [work.sha, `${work.sha}~`]) await room.remote.bare(...verify, sha);
  await assert.rejects(room.remote.bare(...verify, `${work.sha}~2`), "a person's own is not");
  assert.deepEqual(await room.collect(started, prepared, "Leftovers", ANN), work, "the same when done again");
});

test("with an OpenPGP key too", async (t) => {
  const gnupgHome = join(await keys(t), "gnupg");
  await mkdir(gnupgHome, { mode: 0o700 });
  const env = { PATH, GNUPGHOME: gnupgHome };
  t.after(() => run("gpgconf", ["--kill", "gpg-agent"], { env }));
  const make = [
    "--batch",
    "--passphrase",
    "",
    "--quick-gen-key",
    "bot@example.org",
    "ed25519",
    "sign",
    "never",
  ];
  await run("gpg", make, { env });
  const { stdout } = await run("gpg", ["--list-keys", "--with-colons"], { env });
  const fingerprint = /^fpr:+([0-9A-F]{40})/m.exec(stdout)?.[1] ?? "";
  const room = await openRoom(t, { signing: { format: "openpgp", fingerprint, gnupgHome } });
  const { run: started, prepared, checkout } = await begin(room);
  await commitFile(checkout, "a.txt", "Add a");
  const work = await room.collect(started, prepared, "Leftovers", ANN);
  await room.push(prepared, work?.sha ?? "");
  const dir = await room.remote.bare("rev-parse", "--absolute-git-dir");
  await run("git", ["verify-commit", work?.sha ?? ""], { cwd: dir, env: { ...env, HOME: "/nonexistent" } });
});

test("a key that does not sign fails the publishing with what to do, and says nothing of the key", async (t) => {
  const file = join(await keys(t), "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "a passphrase", "-C", "bot", "-f", file]);
  const room = await openRoom(t, { signing: { format: "ssh", file } });
  const { run: started, prepared, checkout } = await begin(room);
  await writeFiles(checkout, { "a.txt": "a\n" });
  await assert.rejects(room.collect(started, prepared), (error: Error & { fix: string }) => {
    assert.match(error.message, /the bot's commit could not be signed/);
    assert.match(error.fix, /git\.signing_key/);
    return true;
  });
});
