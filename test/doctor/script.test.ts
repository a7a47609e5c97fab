/** The trial agents' scripts, run by the shell of this machine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { first, LOOK, REACH, readFacts } from "../../src/doctor/script.ts";

const run = promisify(execFile);
const sh = async (script: string, args: readonly string[], path = process.env.PATH) => {
  const { stdout } = await run("/bin/sh", ["-c", script, "doctor", ...args], { env: { PATH: path } });
  return readFacts(stdout);
};

test("facts are taken out of whatever else is printed", () => {
  const facts = readFacts("hello\ndoctor:seen /a b\nx doctor:no 1\ndoctor:seen /c\ndoctor:empty\n");
  assert.deepEqual(facts.get("seen"), ["/a b", "/c"]);
  assert.equal(first(facts, "empty"), "");
  assert.equal(first(facts, "no"), null);
});

test("the one that looks around says what it sees, may write and is denied, whatever the names", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "doctor script "));
  t.after(() => rm(dir, { recursive: true }));
  const canary = join(dir, "it's a canary");
  await writeFile(canary, "secret");
  await writeFile(join(dir, "another"), "other");
  const own = ["--", dir, join(dir, "not there")];
  const hidden = [canary, join(dir, "another"), join(dir, "nothing")];
  const facts = await sh(LOOK, ["secret", String(process.pid), ...hidden, "--", canary, "--", dir, ...own]);
  assert.deepEqual(facts.get("seen"), [canary]);
  assert.deepEqual(facts.get("socket"), undefined);
  assert.deepEqual(facts.get("writable"), [dir]);
  assert.deepEqual(facts.get("denied"), [join(dir, "not there")]);
  assert.equal(first(facts, "uid"), String(process.getuid?.()));
  assert.equal(first(facts, "looked"), "done");
  assert.equal(await readFile(join(dir, ".doctor"), "utf8"), "secret");
});

test("the one that reaches out tells what answers from what does not, with each tool that is there", async (t) => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const dir = await mkdtemp(join(tmpdir(), "doctor-tools-"));
  t.after(() => rm(dir, { recursive: true }));
  const targets = ["there", "127.0.0.1", String(port), "nowhere", "127.0.0.1", "1", "name", "localhost", "1"];
  const where = async (command: string) => (await run("/bin/sh", ["-c", command])).stdout.trim();
  const tools = {
    node: process.execPath,
    // What is on PATH may be a script that needs others.
    python3: await where("python3 -c 'import sys; print(sys.executable)'"),
    bash: await where("command -v bash"),
  };
  for (const [name, program] of Object.entries(tools)) {
    const path = join(dir, name);
    await mkdir(path);
    await symlink(program, join(path, name));
    await symlink(await where("command -v timeout"), join(path, "timeout"));
    const facts = await sh(REACH, targets, path);
    assert.deepEqual([name, first(facts, "reach-there"), first(facts, "reach-nowhere")], [name, "yes", "no"]);
    if (name !== "bash") assert.equal(first(facts, "reach-name"), "named", name);
  }
  assert.equal(first(await sh(REACH, targets, dir), "reach-there"), "unknown");
});
