/** What an agent could leave in its checkout to reach the host. A canary file must never appear. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { git, writeFiles } from "./remote.ts";
import { openRoom } from "./room.ts";

async function trap(t: TestContext) {
  const room = await openRoom(t);
  const dir = await mkdtemp(join(tmpdir(), "trap-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const canary = join(dir, "canary");
  const script = join(dir, "script.sh");
  await writeFile(script, `#!/bin/sh\necho "$0 $*" >> ${canary}\n`, { mode: 0o755 });
  const run = room.run();
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  await writeFiles(checkout, { "src/b.ts": "b\n" });
  const sung = async () => await readFile(canary, "utf8").catch(() => null);
  /** Collects and pushes, and shows that nothing of the agent's ran. */
  const collectAndPush = async () => {
    const work = await room.collect(run, prepared);
    if (work) await room.push(prepared, work.sha);
    assert.equal(await sung(), null, "something of the agent's ran on the host");
    return work;
  };
  return { room, dir, script, run, prepared, checkout, sung, collectAndPush };
}

test("hooks and programs named in the agent's git configuration never run", async (t) => {
  const { script, checkout, sung, collectAndPush } = await trap(t);
  const hooks = [
    "pre-commit",
    "post-checkout",
    "post-index-change",
    "reference-transaction",
    "pre-push",
    "post-commit",
  ];
  for (const hook of [
    ...hooks,
    "pre-auto-gc",
    "post-merge",
    "update",
    "proc-receive",
    "fsmonitor-watchman",
  ]) {
    await mkdir(join(checkout, ".git/hooks"), { recursive: true });
    await cp(script, join(checkout, ".git/hooks", hook));
  }
  const settings: Record<string, string> = {
    "core.fsmonitor": script,
    "core.sshCommand": script,
    "core.gitProxy": script,
    "core.pager": script,
    "core.editor": script,
    "core.alternateRefsCommand": script,
    "core.hooksPath": join(checkout, ".git/hooks"),
    "uploadpack.packObjectsHook": script,
    "credential.helper": `!${script}`,
    "gpg.program": script,
    "commit.gpgSign": "true",
    "diff.external": script,
    "filter.evil.clean": script,
    "filter.evil.smudge": script,
    "filter.evil.process": script,
    "filter.evil.required": "true",
    "diff.evil.textconv": script,
    "remote.origin.url": `ext::${script}`,
    "remote.origin.uploadpack": script,
    "remote.origin.promisor": "true",
    "extensions.partialClone": "origin",
    "core.repositoryFormatVersion": "1",
    "protocol.ext.allow": "always",
    "url.ext::sh.insteadOf": "http",
    "include.path": join(checkout, "more.config"),
  };
  await writeFile(join(checkout, "more.config"), `[core]\n\tfsmonitor = ${script}\n`);
  for (const [key, value] of Object.entries(settings)) {
    await git(checkout, "config", "--file", join(checkout, ".git/config"), key, value);
  }
  await writeFile(join(checkout, ".gitattributes"), "* filter=evil diff=evil merge=evil\n");
  // The trap works: git run in the checkout, as a host must not do it, sets it off.
  await git(checkout, "status").catch(() => {});
  assert.notEqual(await sung(), null);
  await rm(join(script, "../canary"));

  const work = await collectAndPush();
  assert.equal(work?.files, 3);
});

test("a repository of the agent's inside the checkout is left out and never entered", async (t) => {
  const { room, script, prepared, checkout, collectAndPush } = await trap(t);
  const nested = join(checkout, "vendor/lib");
  await mkdir(nested, { recursive: true });
  await git(nested, "init", "-q");
  await writeFiles(nested, { "lib.ts": "lib\n" });
  await git(nested, "add", "-A");
  await git(nested, "commit", "-q", "-m", "nested");
  await git(nested, "config", "core.fsmonitor", script);
  const work = await collectAndPush();
  assert.ok(work);
  assert.equal(
    await room.remote.bare("diff", "--name-only", prepared.workspace.baseSha, work.sha),
    "src/b.ts",
  );
});

test("a submodule stays as it was, whatever the agent put in its place", async (t) => {
  const { room, script } = await trap(t);
  const sha = await room.remote.person("rev-parse", "HEAD");
  await room.remote.person("update-index", "--add", "--cacheinfo", `160000,${sha},lib`);
  await room.remote.person("commit", "-q", "-m", "a submodule");
  await room.remote.person("push", "-q", "origin", "main");
  const run = room.run({ id: "run-2" });
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  assert.equal(await room.collect(run, prepared), null);
  await git(join(checkout, "lib"), "init", "-q");
  await writeFiles(checkout, { "lib/x.ts": "x\n", "src/c.ts": "c\n" });
  await git(join(checkout, "lib"), "add", "-A");
  await git(join(checkout, "lib"), "commit", "-q", "-m", "nested");
  await git(join(checkout, "lib"), "config", "core.fsmonitor", script);
  const work = await room.collect(run, prepared);
  assert.ok(work);
  await room.push(prepared, work.sha);
  assert.equal(
    await room.remote.bare("diff", "--name-only", prepared.workspace.baseSha, work.sha),
    "src/c.ts",
  );
  await assert.rejects(lstat(join(script, "../canary")), { code: "ENOENT" });
});

/** Another repository on the host, which the agent must not be able to publish from. */
async function neighbour(dir: string): Promise<{ dir: string; sha: string }> {
  const repo = join(dir, "private");
  await mkdir(repo);
  await git(repo, "init", "-q", "-b", "main");
  await writeFiles(repo, { "secret.txt": "of another customer\n" });
  await git(repo, "add", "-A");
  await git(repo, "commit", "-q", "-m", "private");
  return { dir: repo, sha: await git(repo, "rev-parse", "HEAD") };
}

test("nothing of another repository on the host is published, wherever the agent's .git points", async (t) => {
  const { dir, room, prepared, checkout, collectAndPush } = await trap(t);
  const other = await neighbour(dir);
  const real = join(checkout, ".git");
  const kept = join(dir, "kept");
  await cp(real, kept, { recursive: true });
  const headAtOther = async () => await writeFile(join(real, "HEAD"), `${other.sha}\n`);
  const tricks: Record<string, () => Promise<unknown>> = {
    "a link": () => symlink(join(other.dir, ".git"), real),
    "a gitfile": () => writeFile(real, `gitdir: ${other.dir}/.git\n`),
    "an alternate": async () => {
      await cp(kept, real, { recursive: true });
      await writeFile(join(real, "objects/info/alternates"), `${other.dir}/.git/objects\n`);
      await headAtOther();
    },
    "a common folder": async () => {
      await cp(kept, real, { recursive: true });
      await writeFile(join(real, "commondir"), `${other.dir}/.git\n`);
      await headAtOther();
    },
    "linked objects": async () => {
      await cp(kept, real, { recursive: true });
      await rename(join(real, "objects"), join(dir, `objects-${Date.now()}`));
      await symlink(join(other.dir, ".git/objects"), join(real, "objects"));
      await headAtOther();
    },
    "one linked folder of objects": async () => {
      await cp(kept, real, { recursive: true });
      const part = other.sha.slice(0, 2);
      await rm(join(real, "objects", part), { recursive: true, force: true });
      await symlink(join(other.dir, ".git/objects", part), join(real, "objects", part));
      await headAtOther();
    },
    "a linked HEAD": async () => {
      await cp(kept, real, { recursive: true });
      await rm(join(real, "HEAD"));
      await symlink(join(other.dir, ".git/HEAD"), join(real, "HEAD"));
    },
  };
  for (const [trick, play] of Object.entries(tricks)) {
    await rm(real, { recursive: true, force: true });
    await play();
    const work = await collectAndPush();
    assert.ok(work, trick);
    assert.match(work.note ?? "", /could not be read/, trick);
    const files = await room.remote.bare("diff", "--name-only", prepared.workspace.baseSha, work.sha);
    assert.equal(files, "src/b.ts", trick);
  }
});

test("files behind a linked folder are not taken: the link itself is", async (t) => {
  const { room, dir, prepared, checkout, collectAndPush } = await trap(t);
  await writeFiles(dir, { "outside/a.ts": "of the host\n", "outside/b.ts": "of the host\n" });
  await rm(join(checkout, "src"), { recursive: true });
  await symlink(join(dir, "outside"), join(checkout, "src"));
  const work = await collectAndPush();
  assert.ok(work);
  const tree = await room.remote.bare("ls-tree", "-r", "--format=%(objectmode) %(path)", work.sha);
  assert.equal(tree, "100644 README.md\n120000 src");
  assert.equal(
    await room.remote.bare("log", "--format=", "-p", "-S", "of the host", prepared.workspace.branch),
    "",
  );
});

test("pipes and sockets are passed over, and .gitignore may be one", async (t) => {
  const { room, checkout, collectAndPush } = await trap(t);
  for (const name of ["pipe", "README.md", ".gitignore"]) {
    await rm(join(checkout, name), { force: true });
    await promisify(execFile)("mkfifo", [join(checkout, name)]);
  }
  const work = await collectAndPush();
  assert.ok(work);
  assert.equal(await room.remote.bare("ls-tree", "-r", "--name-only", work.sha), "src/a.ts\nsrc/b.ts");
});

test("malformed objects of the agent's are refused, and its files taken alone", async (t) => {
  const { checkout, collectAndPush } = await trap(t);
  const blob = await git(checkout, "rev-parse", "HEAD:README.md");
  const hash = async (type: string, content: Buffer) => {
    const file = join(checkout, ".git/raw");
    await writeFile(file, content);
    return await git(checkout, "hash-object", "-t", type, "-w", "--literally", file);
  };
  const entry = Buffer.concat([Buffer.from("100644 .git\0"), Buffer.from(blob, "hex")]);
  const tree = await hash("tree", entry);
  const base = await git(checkout, "rev-parse", "HEAD");
  const person = "Eve <eve@example.org> 1700000000 +0000";
  const text = `tree ${tree}\nparent ${base}\nauthor ${person}\ncommitter ${person}\n\nA tree with .git in it\n`;
  await writeFile(join(checkout, ".git/HEAD"), `${await hash("commit", Buffer.from(text))}\n`);
  const work = await collectAndPush();
  assert.match(work?.note ?? "", /could not be read/);
  assert.equal(work?.files, 1);
});
