/** How a process is started: what the shell between us and the agent may not change. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { createTurns } from "../../../src/runtimes/native/launch.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import type { Runtime, StartSpec } from "../../../src/runtimes/runtime.ts";

async function bench(t: TestContext, argv: StartSpec["argv"]) {
  const root = await mkdtemp(join(tmpdir(), "native-launch-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const at = (part: string) => join(root, part);
  const folders = { checkout: at("repo"), meta: at("meta"), home: at("home"), logs: at("logs") };
  for (const folder of [folders.checkout, folders.logs]) await mkdir(folder);
  const runId = `launch-${process.pid}-${root.slice(-6)}`;
  const limits = { memoryBytes: null, cpus: null, pids: null };
  const env = { PATH: "/usr/bin:/bin" };
  const spec: StartSpec = {
    runId,
    attempt: 1,
    argv,
    env,
    stdin: "",
    folders,
    limits,
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  };
  return { root, spec, runtime: createNativeRuntime({ now: Date.now, records: at("records") }) };
}

async function printed(t: TestContext, argv: StartSpec["argv"]) {
  const { spec, runtime } = await bench(t, argv);
  const handle = await runtime.start(spec);
  t.after(() => runtime.remove(handle));
  const parts: Buffer[] = [];
  for await (const { data } of runtime.logs(handle, AbortSignal.timeout(10_000))) parts.push(data);
  return { text: Buffer.concat(parts).toString(), handle };
}

async function endOf(t: TestContext, runtime: Runtime, spec: StartSpec) {
  const handle = await runtime.start(spec);
  t.after(() => runtime.remove(handle));
  return runtime.wait(handle);
}

test("arguments arrive as they are, whatever a shell would make of them", async (t) => {
  const odd = ["$HOME", "`id`", "a b", "", "'\"", "*", "-n", "a\nb", "; exit 9"];
  const { text } = await printed(t, ["printf", "<%s>", ...odd]);
  assert.equal(text, odd.map((arg) => `<${arg}>`).join(""));
});

test("a program named like a word of the shell is the program", async (t) => {
  // dash's own echo reads "\\n" as a newline, the program does not.
  assert.equal((await printed(t, ["echo", "a\\nb"])).text, "a\\nb\n");
});

test("the agent works in the checkout, cannot write its own end and is in the group its handle names", async (t) => {
  const script = "pwd; ls -l /dev/fd/ | grep -c 'exit.*raw'; ps -o pgid= -p $$ | tr -d ' '";
  const { text, handle } = await printed(t, ["sh", "-c", script]);
  const [cwd, open, group] = text.split("\n");
  assert.match(cwd ?? "", /\/repo$/);
  assert.equal(open, "0");
  assert.equal(group, handle.ref.split(":")[0]);
});

test("arguments beyond the system's limit are refused, and nothing is left of the start", async (t) => {
  const { spec, runtime } = await bench(t, ["printf", "x".repeat(3_000_000)]);
  await assert.rejects(
    runtime.start(spec),
    (error: unknown) => error instanceof Refusal && /too long/.test(error.message),
  );
  assert.deepEqual(await runtime.list(), []);
});

test("a symbolic link in the place of a raw file is not written through", async (t) => {
  const { root, spec, runtime } = await bench(t, ["printf", "overwritten"]);
  await writeFile(join(root, "precious"), "precious");
  await symlink(join(root, "precious"), join(spec.folders.logs, "stdout.1.raw"));
  await endOf(t, runtime, spec);
  assert.equal(await readFile(join(root, "precious"), "utf8"), "precious");
  assert.equal(await readFile(join(spec.folders.logs, "stdout.1.raw"), "utf8"), "overwritten");
});

test("a fifo or a folder that an earlier attempt put in the place of a raw file hangs no start", async (t) => {
  const { spec, runtime } = await bench(t, ["printf", "hello"]);
  const { logs } = spec.folders;
  execFileSync("/bin/sh", ["-c", 'mkfifo "$@"', "sh", join(logs, "stdout.1.raw"), join(logs, "exit.1.raw")]);
  await mkdir(join(logs, "stdin.1.raw", "full"), { recursive: true });
  assert.equal((await endOf(t, runtime, spec)).code, 0);
  assert.equal(await readFile(join(logs, "stdout.1.raw"), "utf8"), "hello");
});

test("each start gets a turn of the event loop of its own", async () => {
  const turn = createTurns();
  const order: string[] = [];
  setImmediate(() => order.push("another's work"));
  await Promise.all([turn().then(() => order.push("first")), turn().then(() => order.push("second"))]);
  assert.deepEqual(order, ["another's work", "first", "second"]);
});
