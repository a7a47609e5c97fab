/** Names of files that an agent could leave to confuse git, a shell, a terminal, or whoever checks them out. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { git } from "./remote.ts";
import { openRoom } from "./room.ts";

async function begin(t: TestContext) {
  const room = await openRoom(t);
  const run = room.run();
  const prepared = await room.prepare(run);
  const { checkout } = prepared.folders;
  const write = async (name: string | Buffer) => {
    const path = Buffer.concat([Buffer.from(`${checkout}/`), Buffer.from(name)]);
    await mkdir(dirname(path.toString()), { recursive: true });
    await writeFile(path, "x\n");
  };
  return { room, run, prepared, checkout, write };
}

test("names with line breaks, quotes, blanks, dashes, globs, escapes and no text are published as they are", async (t) => {
  const { room, run, prepared, write } = await begin(t);
  const names = [
    ...[
      "a\nb",
      'a"b',
      "a'b",
      " a ",
      "a\tb",
      "-rf",
      "--help",
      "*",
      ":(top)x",
      "$(id)",
      "a;b",
      "a\\b",
      "\u{1b}[2J",
    ],
    ...["\u{202e}txt", "ünï", ".gitkeep", "refs/heads/main", "HEAD", "a/-x/--y", "CON", "x".repeat(255)],
  ];
  for (const name of names) await write(name);
  await write(Buffer.from([0x61, 0xff, 0x0a, 0xfe]));
  const work = await room.collect(run, prepared);
  assert.equal(work?.files, names.length + 1);
  await room.push(prepared, work?.sha ?? "");
  const listed = await room.remote.bare("ls-tree", "-r", "-z", "--name-only", work?.sha ?? "");
  for (const name of names) assert.ok(`\0${listed}\0`.includes(`\0${name.trimEnd()}`), JSON.stringify(name));
});

for (const name of [
  ...[".GIT/config", "a/.Git/hooks/x", "git~1/config", ".git::$INDEX_ALLOCATION/x", ".git. /x"],
  ".g\u{200c}it/config",
]) {
  test(`a file whose name is .git to some systems, ${JSON.stringify(name)}, is left out, committed or not`, async (t) => {
    const { room, run, prepared, checkout, write } = await begin(t);
    await write(name);
    await write("plain.txt");
    const published = async () => {
      const work = await room.collect(run, prepared);
      await room.push(prepared, work?.sha ?? "");
      const { baseSha } = prepared.workspace;
      assert.equal(await room.remote.bare("diff", "--name-only", baseSha, work?.sha ?? ""), "plain.txt");
      return work;
    };
    await published();
    const unsafe = ["-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"];
    await git(
      checkout,
      ...unsafe,
      "update-index",
      "--add",
      "--cacheinfo",
      `100644,${await git(checkout, "hash-object", "-w", "plain.txt")},${name}`,
    ).catch(() => {});
    await git(checkout, ...unsafe, "add", "plain.txt");
    await git(checkout, ...unsafe, "commit", "-q", "-m", "x");
    await published();
  });
}

const MODULES: Readonly<Record<string, string>> = {
  "an address that is an option": '[submodule "a"]\n\tpath = a\n\turl = -u./run\n',
  "a path that is an option": '[submodule "a"]\n\tpath = -a\n\turl = https://example.org/a\n',
  "a name that leads out": '[submodule "../../x"]\n\tpath = a\n\turl = https://example.org/a\n',
  "a command to run": '[submodule "a"]\n\tpath = a\n\turl = https://example.org/a\n\tupdate = !sh\n',
  "an ext:: address": '[submodule "a"]\n\tpath = a\n\turl = ext::sh -c x\n',
  "what is no configuration": "[submodule",
};
for (const [what, text] of Object.entries(MODULES)) {
  test(`.gitmodules with ${what} is refused, committed or not`, async (t) => {
    const { room, run, prepared, checkout } = await begin(t);
    await writeFile(join(checkout, ".gitmodules"), text);
    const refused = { name: "Refusal", message: /\.gitmodules is not published/ };
    await assert.rejects(room.collect(run, prepared), refused);
    await git(checkout, "add", "-A");
    await git(checkout, "commit", "-q", "-m", "x").catch(() => {});
    await assert.rejects(room.collect(run, prepared), refused);
  });
}

test(".gitmodules as people write it is published, and one that was there before is not looked at", async (t) => {
  const { room, run, prepared, checkout } = await begin(t);
  const text = '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n\tbranch = main\n';
  await writeFile(join(checkout, ".gitmodules"), text);
  assert.equal((await room.collect(run, prepared))?.files, 1);
  await room.remote.commit({ ".gitmodules": MODULES["a command to run"] ?? "" }, "of people");
  const next = room.run({ id: "run-2" });
  const after = await room.prepare(next);
  await writeFile(join(after.folders.checkout, "a.txt"), "a\n");
  assert.equal((await room.collect(next, after))?.files, 1);
});
