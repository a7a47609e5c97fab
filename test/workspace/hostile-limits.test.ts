/**
 * What an agent could leave to make the host work for ever, run out of memory or fill its disk. Each ends soon, as a
 * refusal that names the limit, or with the files taken alone; the work stays where it is.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { deflateSync } from "node:zlib";
import { createGit } from "../../src/workspace/git.ts";
import { weigh } from "../../src/workspace/weigh.ts";
import { git, PATH, writeFiles } from "./remote.ts";
import { openRoom } from "./room.ts";

/** Far beyond what one of them takes, also on a busy machine; the limit of git itself is five minutes. */
const SOON = { timeout: 240_000 };

async function begin(t: TestContext) {
  const room = await openRoom(t);
  const run = room.run();
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  await writeFiles(checkout, { "src/b.ts": "b\n" });
  const shell = (script: string) =>
    promisify(execFile)("sh", ["-c", script], { cwd: checkout, env: { PATH, HOME: "/nonexistent" } });
  const refused = async (why: RegExp) => {
    await assert.rejects(room.collect(run, prepared), (error: Error & { fix: string }) => {
      assert.equal(error.name, "Refusal", error.message);
      assert.match(error.message, why);
      assert.ok(error.fix);
      return true;
    });
    await access(join(checkout, "src/b.ts"));
  };
  /** The files alone are published. */
  const filesAlone = async (files = "src/b.ts") => {
    const work = await room.collect(run, prepared);
    assert.match(work?.note ?? "", /could not be read/);
    await room.push(prepared, work?.sha ?? "");
    const { baseSha } = prepared.workspace;
    assert.equal(await room.remote.bare("diff", "--name-only", baseSha, work?.sha ?? ""), files);
  };
  return { room, run, prepared, checkout, shell, refused, filesAlone };
}

/** A commit whose tree has these raw entries, left as HEAD. */
const COMMIT_OF = (tree: string) =>
  `c=$(git -c user.name=E -c user.email=e@e commit-tree ${tree} -p HEAD -m x) && echo $c > .git/HEAD`;

test("a blob that inflates to gigabytes is refused without being unpacked", SOON, async (t) => {
  const { checkout, shell, refused } = await begin(t);
  // Its head alone: whoever unpacked it would run into its end, and not into the limit.
  const name = "b".repeat(40);
  await mkdir(join(checkout, ".git/objects/bb"), { recursive: true });
  const head = deflateSync(Buffer.concat([Buffer.from(`blob ${3 * 2 ** 30}\0`), Buffer.alloc(2 ** 20)]));
  await writeFile(join(checkout, ".git/objects/bb", name.slice(2)), head);
  await shell(`t=$(printf '100644 blob ${name}\tbomb\n' | git mktree --missing) && ${COMMIT_OF("$t")}`);
  await refused(/"bomb" is over 100 MB/);
});

test("a tree that holds itself over and over is refused", SOON, async (t) => {
  const { shell, refused } = await begin(t);
  await shell(`
    t=$(printf '100644 blob %s\\tf\\n' $(git rev-parse HEAD:README.md) | git mktree)
    for level in 1 2 3 4 5 6 7 8 9 10; do
      t=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\td%s\\n' $t $n; done | git mktree)
    done
    ${COMMIT_OF("$t")}`);
  await refused(/takes too much time or memory to read/);
});

test("a tree of a million entries is refused", SOON, async (t) => {
  const { shell, refused } = await begin(t);
  await shell(`
    b=$(git rev-parse HEAD:README.md)
    t=$(seq 1000000 | sed "s/^/100644 blob $b\\t/" | git mktree --missing)
    ${COMMIT_OF("$t")}`);
  await refused(/changed files are more than 10,000/);
});

test("a history of more objects than may be is refused", SOON, async (t) => {
  const { room, checkout, prepared } = await begin(t);
  for (const n of [1, 2, 3]) await git(checkout, "commit", "-q", "--allow-empty", "-m", `${n}`);
  const bot = createGit({ path: PATH, network: {} });
  const gitDir = join(checkout, ".git");
  const weighed = (most: number) =>
    weigh(bot, { cwd: room.dir, gitDir, untrusted: true }, prepared.workspace.baseSha, "HEAD", most);
  await weighed(3);
  await assert.rejects(weighed(2), { name: "Refusal", message: /its history has 3 objects, more than 2$/ });
});

test("a commit with a message of megabytes is refused", SOON, async (t) => {
  const { shell, refused } = await begin(t);
  await shell(`
    head -c 3000000 /dev/zero | tr '\\0' x > ../message
    c=$(git -c user.name=E -c user.email=e@e commit-tree HEAD: -p HEAD -F ../message) && echo $c > .git/HEAD`);
  await refused(/a commit's message is over 1 MB/);
});

test("a pack with a chain of thousands of deltas is taken as any other", SOON, async (t) => {
  const { room, run, prepared, shell } = await begin(t);
  await shell(`
    git config user.name E; git config user.email e@e
    awk 'BEGIN { for (n = 0; n < 3000; n++) {
      print "commit refs/heads/deep\\ncommitter E <e@e> " 1700000000 + n " +0000\\ndata 1\\nx"
      if (n == 0) print "from refs/heads/start^0"
      print "M 100644 inline f\\ndata <<E"
      for (i = 0; i <= 40; i++) print (i == n % 41 ? n : "line " i)
      print "E\\n" } }' > ../import
    git branch start HEAD
    git fast-import --quiet --depth=4000 < ../import
    git reset -q --soft deep`);
  const work = await room.collect(run, prepared);
  assert.match(work?.note ?? "", /more commits than anyone reads/);
  assert.equal(work?.commits, 1);
});

test("many big files that are only there to fill the bot's disk are refused", SOON, async (t) => {
  const { checkout, refused } = await begin(t);
  for (let n = 0; n < 12; n++) {
    await writeFile(join(checkout, `big-${n}`), "");
    await truncate(join(checkout, `big-${n}`), 99 * 2 ** 20);
  }
  await refused(/in all their versions, are over 1 GB/);
});

test(
  "refs by the ten thousands, and packed-refs of gigabytes, are not read for the one that counts",
  SOON,
  async (t) => {
    const { checkout, shell, filesAlone } = await begin(t);
    await shell(`
    sha=$(git rev-parse HEAD)
    seq 30000 | sed "s|.*|create refs/tags/t& $sha|" | git update-ref --stdin
    git pack-refs --all`);
    await truncate(join(checkout, ".git/packed-refs"), 5 * 2 ** 30);
    await filesAlone();
  },
);

test("folders as deep as a path can be, and deeper, end nothing", SOON, async (t) => {
  const { shell, room, run, prepared } = await begin(t);
  await shell(`
    deep=$(printf 'd/%.0s' $(seq 1900))
    mkdir -p $deep && cd -P $deep && mkdir -p $deep && cd -P $deep && echo deep > file`);
  const work = await room.collect(run, prepared);
  assert.equal(work?.files, 1);
  await shell("rm -rf d");
});

test("folders of .git as deep as a path can be are not walked", SOON, async (t) => {
  const { shell, filesAlone } = await begin(t);
  await shell(
    `cd .git/refs; n=0; while [ $n -lt 1500 ]; do mkdir d && cd -P d || exit 0; n=$((n + 1)); done`,
  );
  await filesAlone();
});

test("an index of gigabytes and a HEAD that is a pipe, a folder or endless are not read", SOON, async (t) => {
  const { checkout, shell, filesAlone } = await begin(t);
  await truncate(join(checkout, ".git/index"), 5 * 2 ** 30);
  const head = join(checkout, ".git/HEAD");
  const tricks: Record<string, () => Promise<unknown>> = {
    "a pipe": () => shell("mkfifo .git/HEAD"),
    "a folder": () => mkdir(head),
    endless: () => shell("ln -s /dev/zero .git/HEAD"),
    huge: async () => {
      await writeFile(head, "ref: ");
      await truncate(head, 5 * 2 ** 30);
    },
    "a ref to itself": () => writeFile(head, "ref: refs/heads/loop\n"),
  };
  await writeFile(join(checkout, ".git/refs/heads/loop"), "ref: refs/heads/loop\n");
  for (const play of Object.values(tricks)) {
    await rm(head, { recursive: true, force: true });
    await play();
    await filesAlone();
  }
});

test(
  "names of objects' folders that are no text, and ones nobody may enter, end nothing",
  SOON,
  async (t) => {
    const { shell, filesAlone } = await begin(t);
    await shell(
      `mkdir "$(printf '.git/objects/\\377\\376')" && mkfifo "$(printf '.git/objects/\\377\\376/x')"`,
    );
    await filesAlone();
  },
);

test(
  "a checkout with more changed files than anyone reviews is refused, committed or not",
  SOON,
  async (t) => {
    const { shell, refused, checkout } = await begin(t);
    await shell("mkdir many && cd many && seq 10001 | xargs touch");
    await refused(/changed files are more than 10,000/);
    await git(checkout, "add", "-A");
    await git(checkout, "commit", "-q", "-m", "many");
    await refused(/changed files are more than 10,000/);
  },
);
