import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, open, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Refusal } from "../../src/model/errors.ts";
import { git, PATH, writeFiles } from "./remote.ts";
import { openRoom, type Room } from "./room.ts";

async function begin(room: Room) {
  const run = room.run();
  const prepared = await room.prepare(run);
  return { run, prepared, checkout: prepared.folders.checkout };
}

/** The tree of the collected commit, pushed so that it is read from the remote: mode, and path. */
async function pushedTree(room: Room, prepared: Awaited<ReturnType<Room["prepare"]>>, sha: string) {
  await room.push(prepared, sha);
  const text = await room.remote.bare("ls-tree", "-r", "--format=%(objectmode) %(path)", sha);
  return text.split("\n");
}

/** As an agent's own git commits in a run: with the bot's identity. */
async function asBot(cwd: string, ...args: string[]) {
  const env = { PATH, HOME: "/nonexistent" };
  const bot = ["-c", "user.name=Dispatch Bot", "-c", "user.email=bot@example.org"];
  await promisify(execFile)("git", [...bot, ...args], { cwd, env });
}

const BASE_TREE = ["100644 README.md", "100644 src/a.ts"];

test("no change is null, even after empty commits, reverts and a question", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  assert.equal(await room.collect(run, prepared), null);
  await git(checkout, "commit", "-q", "--allow-empty", "-m", "nothing");
  await writeFile(join(checkout, "BLOCKED.md"), "Which tea?");
  assert.equal(await room.collect(run, prepared), null);
});

test("edits, new, deleted and renamed files, links and modes are taken from the files as they stand", async (t) => {
  const room = await openRoom(t);
  await room.remote.commit({ "gone.txt": "x\n", "tool.sh": "echo\n", ".gitignore": "built/\n" }, "more");
  const { run, prepared, checkout } = await begin(room);
  await writeFiles(checkout, {
    "README.md": "# New\n",
    "ünï/cödé name.txt": "ü\n",
    "built/out.js": "x",
    "src/c.ts": "c\n",
  });
  await rm(join(checkout, "gone.txt"));
  await chmod(join(checkout, "tool.sh"), 0o755);
  await symlink("/etc/passwd", join(checkout, "link"));
  const work = await room.collect(run, prepared);
  assert.ok(work);
  assert.deepEqual([work.files, work.commits], [6, 1]);
  assert.deepEqual(await pushedTree(room, prepared, work.sha), [
    "100644 .gitignore",
    "100644 README.md",
    "120000 link",
    "100644 src/a.ts",
    "100644 src/c.ts",
    "100755 tool.sh",
    '100644 "\\303\\274n\\303\\257/c\\303\\266d\\303\\251 name.txt"',
  ]);
  assert.equal(await room.remote.bare("cat-file", "blob", `${work.sha}:link`), "/etc/passwd");
});

test("a file's name need not be UTF-8", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await writeFile(Buffer.concat([Buffer.from(`${checkout}/`), Buffer.from([0xff, 0x0a, 0x22])]), "odd\n");
  const work = await room.collect(run, prepared);
  assert.ok(work);
  assert.deepEqual(await pushedTree(room, prepared, work.sha), [...BASE_TREE, '100644 "\\377\\n\\""']);
});

test("files and folders that changed places are taken", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await rm(join(checkout, "src"), { recursive: true });
  await writeFile(join(checkout, "src"), "now a file\n");
  await rm(join(checkout, "README.md"));
  await writeFiles(checkout, { "README.md/index.md": "now a folder\n" });
  const work = await room.collect(run, prepared);
  assert.ok(work);
  assert.deepEqual(await pushedTree(room, prepared, work.sha), ["100644 README.md/index.md", "100644 src"]);
});

test("the agent's commits stay as they are when nothing was left over", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await writeFiles(checkout, { "src/b.ts": "b\n" });
  await git(checkout, "add", "-A");
  await asBot(checkout, "commit", "-q", "-m", "Add b");
  const work = await room.collect(run, prepared);
  assert.equal(work?.sha, await git(checkout, "rev-parse", "HEAD"));
  assert.equal(work?.note, null);
});

test("HEAD may be detached, on another branch, or packed", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await git(checkout, "checkout", "-q", "-b", "the-agents-own");
  await writeFiles(checkout, { "src/b.ts": "b\n" });
  await git(checkout, "add", "-A");
  await asBot(checkout, "commit", "-q", "-m", "Add b");
  const sha = await git(checkout, "rev-parse", "HEAD");
  assert.equal((await room.collect(run, prepared))?.sha, sha);
  await git(checkout, "pack-refs", "--all");
  await git(checkout, "gc", "-q");
  assert.equal((await room.collect(run, prepared))?.sha, sha);
  await git(checkout, "checkout", "-q", "--detach");
  assert.equal((await room.collect(run, prepared))?.sha, sha);
});

test("collecting twice gives the same commit, so a crash after the push does no harm", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await writeFiles(checkout, { "src/b.ts": "b\n" });
  const ended = { ...run, endedAt: Date.UTC(2026, 4, 6) };
  const once = await room.collect(ended, prepared);
  assert.ok(once);
  await room.push(prepared, once.sha);
  const twice = await room.collect(ended, prepared);
  assert.deepEqual(twice, once);
  await room.push(prepared, once.sha);
  assert.equal(await room.remote.bare("log", "-1", "--format=%cI", once.sha), "2026-05-06T00:00:00+00:00");
});

test("rewritten history is taken as one commit on the base, and said", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await git(checkout, "checkout", "-q", "--orphan", "anew");
  await writeFiles(checkout, { "src/b.ts": "b\n", "left.txt": "over\n" });
  await git(checkout, "add", "src");
  await git(checkout, "commit", "-q", "-m", "All of it");
  const work = await room.collect(run, prepared);
  assert.match(work?.note ?? "", /rewritten the history/);
  assert.deepEqual([work?.commits, work?.files], [1, 2]);
  assert.deepEqual(await pushedTree(room, prepared, work?.sha ?? ""), [
    "100644 README.md",
    "100644 left.txt",
    "100644 src/a.ts",
    "100644 src/b.ts",
  ]);
});

test("when the agent's .git is missing or broken, its files are taken", async (t) => {
  const broken: Record<string, (checkout: string) => Promise<unknown>> = {
    missing: (checkout) => rm(join(checkout, ".git"), { recursive: true }),
    "a file": async (checkout) => {
      await rm(join(checkout, ".git"), { recursive: true });
      await writeFile(join(checkout, ".git"), "gitdir: /tmp\n");
    },
    "without objects": (checkout) => rm(join(checkout, ".git/objects"), { recursive: true }),
    "with a HEAD that is no ref": (checkout) =>
      writeFile(join(checkout, ".git/HEAD"), "ref: refs/../../../x\n"),
    "with a HEAD that is nowhere": (checkout) =>
      writeFile(join(checkout, ".git/HEAD"), `${"1".repeat(40)}\n`),
  };
  const room = await openRoom(t);
  for (const [how, damage] of Object.entries(broken)) {
    const { run, prepared, checkout } = await begin(room);
    await writeFiles(checkout, { "src/b.ts": "b\n" });
    await damage(checkout);
    const work = await room.collect(run, prepared);
    assert.deepEqual([work?.files, work?.added, work?.commits], [1, 1, 1], how);
    assert.match(work?.note ?? "", /could not be read/, how);
  }
});

test("a question the agent committed is not published; one that was in the base stays", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await writeFiles(checkout, { "BLOCKED.md": "Which tea?\n", "src/b.ts": "b\n" });
  await git(checkout, "add", "-A");
  await git(checkout, "commit", "-q", "-m", "Asked");
  const work = await room.collect(run, prepared);
  assert.deepEqual(await pushedTree(room, prepared, work?.sha ?? ""), [...BASE_TREE, "100644 src/b.ts"]);

  await room.remote.commit({ "BLOCKED.md": "An old one.\n" }, "someone merged a question");
  const next = await begin(room);
  await rm(join(next.checkout, "BLOCKED.md"));
  assert.equal(await room.collect(next.run, next.prepared), null);
});

test("the bot's commit says who asked, and no name can add a trailer of its own", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await writeFiles(checkout, { "src/b.ts": "b\n" });
  const { workspace, folders } = prepared;
  const coauthor = { name: "Ann\nSigned-off-by: Eve <eve@x>", email: "ann@example.org>" };
  const signal = new AbortController().signal;
  const work = await room.workspaces.collect({
    run,
    workspace,
    folders,
    message: "Tea\n\nWhy.",
    coauthor,
    signal,
  });
  assert.ok(work);
  await room.push(prepared, work.sha);
  assert.equal(
    await room.remote.bare("log", "-1", "--format=%an <%ae>%n%B", work.sha),
    "Dispatch Bot <bot@example.org>\nTea\n\nWhy.\n\nCo-authored-by: AnnSigned-off-by: Eve eve@x <ann@example.org>",
  );
});

test("a file over 100 MB is refused by name, committed or not", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  const file = await open(join(checkout, "big.bin"), "w");
  await file.truncate(101 * 1024 * 1024);
  await file.close();
  const refused = { name: "Refusal", message: /"big.bin" is over 100 MB/, fix: /\.gitignore/ };
  await assert.rejects(room.collect(run, prepared), refused);
  await git(checkout, "add", "big.bin");
  await git(checkout, "commit", "-q", "-m", "Big");
  await git(checkout, "rm", "-q", "big.bin");
  await git(checkout, "commit", "-q", "-m", "Gone again");
  await assert.rejects(room.collect(run, prepared), refused);
});

test("more than 10,000 changed files are refused", async (t) => {
  const room = await openRoom(t);
  const { run, prepared, checkout } = await begin(room);
  await mkdir(join(checkout, "node_modules"));
  await promisify(execFile)("sh", ["-c", "seq 10001 | xargs touch"], { cwd: join(checkout, "node_modules") });
  await assert.rejects(room.collect(run, prepared), (error) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.message, /10,001 changed files are more than 10,000/);
    return true;
  });
});
