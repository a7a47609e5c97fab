import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { clearQuestion, readQuestion } from "../../src/outcome/question.ts";

async function checkout(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "question-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return { dir, file: join(dir, "BLOCKED.md") };
}

test("the question is the text of BLOCKED.md, trimmed", async (t) => {
  const { dir, file } = await checkout(t);
  await writeFile(file, "\n  Which tea? ☕\n\n");
  assert.equal(await readQuestion(dir), "Which tea? ☕");
});

test("no file, a blank one, and no checkout are no question", async (t) => {
  const { dir, file } = await checkout(t);
  assert.equal(await readQuestion(dir), null);
  await writeFile(file, " \n\t\r\n");
  assert.equal(await readQuestion(dir), null);
  assert.equal(await readQuestion(join(dir, "nowhere")), null);
});

test("a link, a folder, a pipe and a socket are no question, and nothing waits for them", async (t) => {
  const { dir, file } = await checkout(t);
  await writeFile(join(dir, "secret"), "of the host");
  const made: Record<string, () => Promise<unknown>> = {
    link: () => symlink(join(dir, "secret"), file),
    folder: () => mkdir(file),
    pipe: () => promisify(execFile)("mkfifo", [file]),
    socket: async () => {
      const server = createServer();
      t.after(() => server.close());
      await new Promise<void>((done) => server.listen(file, done));
    },
  };
  for (const [kind, make] of Object.entries(made)) {
    await make();
    assert.equal(await readQuestion(dir), null, kind);
    await clearQuestion(dir);
    assert.ok(!(await readdir(dir)).includes("BLOCKED.md"), kind);
  }
  assert.equal(await readFile(join(dir, "secret"), "utf8"), "of the host");
});

test("a huge question is cut at 64 KiB, and what is no UTF-8 is replaced", async (t) => {
  const { dir, file } = await checkout(t);
  await writeFile(file, "x".repeat(100_000));
  assert.equal((await readQuestion(dir))?.length, 64 * 1024);
  await writeFile(file, Buffer.from([0x41, 0xff, 0x42]));
  assert.equal(await readQuestion(dir), "A\u{FFFD}B");
});

test("clearing takes the question away, and is fine when there is none", async (t) => {
  const { dir, file } = await checkout(t);
  await writeFile(file, "Which tea?");
  await clearQuestion(dir);
  await clearQuestion(dir);
  assert.equal(await readQuestion(dir), null);
});
