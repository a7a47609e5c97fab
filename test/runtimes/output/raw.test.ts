/** What an agent puts in the place of its raw files neither hangs the server nor leads it elsewhere. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { openRaw, readExitRecord } from "../../../src/runtimes/output/raw.ts";

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "raw-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

const UNKNOWN = { text: "", writtenAt: null };

test("the record of an exit is read with the time it was written", (t) => {
  const file = join(folder(t), "exit");
  writeFileSync(file, "exit 7\n");
  utimesSync(file, 1_000, 1_000);
  assert.deepEqual(readExitRecord(file), { text: "exit 7\n", writtenAt: 1_000_000 });
});

test("what is no regular file is no output and no exit", async (t) => {
  const root = folder(t);
  writeFileSync(join(root, "precious"), "exit 0\n");
  symlinkSync(join(root, "precious"), join(root, "link"));
  execFileSync("/bin/sh", ["-c", 'mkfifo "$@"', "sh", join(root, "fifo")]);
  mkdirSync(join(root, "directory"));
  const server = createServer().listen(join(root, "socket"));
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  for (const name of ["none", "link", "fifo", "directory", "socket", "precious/below"]) {
    assert.equal(openRaw(join(root, name)), null, name);
    assert.deepEqual(readExitRecord(join(root, name)), UNKNOWN, name);
  }
});

test("a record longer than a shell writes is none", (t) => {
  const file = join(folder(t), "exit");
  writeFileSync(file, `${"x".repeat(100_000)}\nexit 0\n`);
  assert.deepEqual(readExitRecord(file), UNKNOWN);
});

test("an agent that replaced its output by a fifo and its exit by a link is read to an unknown end", async (t) => {
  const root = folder(t);
  const at = (name: string) => join(root, name);
  for (const name of ["repo", "logs"]) mkdirSync(at(name));
  writeFileSync(at("precious"), "exit 3\n");
  const sh = "cd ../logs; rm -f *; mkfifo stdout.1.raw; ln -s ../precious exit.1.raw";
  const runtime = createNativeRuntime({ now: Date.now, records: at("records") });
  const handle = await runtime.start({
    runId: `raw-${process.pid}`,
    attempt: 1,
    argv: ["sh", "-c", sh],
    env: { PATH: "/usr/bin:/bin" },
    stdin: "",
    folders: { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") },
    limits: { memoryBytes: null, cpus: null, pids: null },
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  });
  t.after(() => runtime.remove(handle));
  const { code, signal } = await runtime.wait(handle);
  assert.deepEqual([code, signal], [null, null]);
  for await (const { data } of runtime.logs(handle, new AbortController().signal))
    assert.fail(`read ${data} from a fifo`);
});
