/** The sign of life in its file, whatever the process is busy with. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { giveSignOfLife } from "../../../src/runtimes/native/alive.ts";
import { until } from "../../worker/wait.ts";

async function signs(t: TestContext, before?: string) {
  const root = await mkdtemp(join(tmpdir(), "native-sign-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const file = join(root, "alive");
  if (before !== undefined) await writeFile(file, before);
  const sign = giveSignOfLife({ file, silentMs: 60 });
  t.after(() => sign.stop());
  const seen = () => readFileSync(file, "utf8").split("\n")[0];
  return { root, file, sign, seen };
}

async function untilNext(seen: () => string | undefined): Promise<void> {
  const last = seen();
  await until(() => seen() !== last, "another sign");
}

test("it is given while every thread of the pool hangs, as with a resolver that does not answer", async (t) => {
  const { root, seen } = await signs(t);
  const fifos = Array.from({ length: 16 }, (_, number) => join(root, `fifo${number}`));
  execFileSync("/bin/sh", ["-c", 'mkfifo "$@"', "sh", ...fifos]);
  const hanging = fifos.map((fifo) => open(fifo, "r"));
  await untilNext(seen);
  await untilNext(seen);
  await untilNext(seen);
  const writers = fifos.map((fifo) => openSync(fifo, "r+"));
  for (const opened of hanging) await (await opened).close();
  for (const writer of writers) closeSync(writer);
});

test("it takes no room of its own after the first: it is written over in its place", async (t) => {
  const { file, seen } = await signs(t, "1234567 123456789\n");
  const { ino, size } = statSync(file);
  for (let round = 0; round < 3; round++) await untilNext(seen);
  const now = statSync(file);
  assert.deepEqual([now.ino, now.size], [ino, size]);
  assert.match(seen() ?? "", /^\d+ \d+ +$/);
});

test("a file that was removed is made again, and none after the end", async (t) => {
  const { file, sign } = await signs(t);
  await rm(file);
  const isThere = () => statSync(file, { throwIfNoEntry: false }) !== undefined;
  await until(isThere, "the file");
  sign.stop();
  const last = readFileSync(file, "utf8");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(readFileSync(file, "utf8"), last);
});
