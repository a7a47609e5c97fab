/**
 * What every runtime must do, whatever it runs agents in. A real one runs the shell text of a behaviour, the fake
 * plays the same by its script. `open` gives a fresh runtime and the folders for one test.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { access, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import type { LogChunk, RunHandle, Runtime, StartSpec } from "../../src/runtimes/runtime.ts";
import {
  type Behaviour,
  diesBy,
  echoesStdin,
  endsOnTerm,
  exits,
  floods,
  ignoresTerm,
  leavesChildren,
  printsEnv,
  runsOn,
} from "./behaviours.ts";

export interface RuntimeBench {
  readonly runtime: Runtime;
  /** An empty folder of this test's own. */
  readonly root: string;
  /** The same runtime as a restarted bot would open it. */
  reopen(): Runtime;
  /** Turns a behaviour into what this runtime starts. */
  arrange(spec: StartSpec, behaviour: Behaviour): StartSpec;
  /** Processes of a run that still live, wherever they hide. */
  living(runId: string): Promise<number>;
  /** True when `wait` tells the exit code of an agent that another process started. */
  readonly codeAfterRestart: boolean;
  /** False where an exit code of 128 and a signal's number, as a shell gives, is all that is known of a death by signal. */
  readonly codesApartFromSignals: boolean;
}

interface Printed {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

async function readAll(chunks: AsyncIterable<LogChunk>): Promise<Printed> {
  const parts: Record<LogChunk["stream"], Buffer[]> = { stdout: [], stderr: [] };
  for await (const { stream, data } of chunks) parts[stream].push(data);
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) };
}

const never = () => new AbortController().signal;

async function untilReady(runtime: Runtime, handle: RunHandle): Promise<void> {
  const reading = new AbortController();
  for await (const { data } of runtime.logs(handle, reading.signal)) if (data.includes("ready")) return;
  assert.fail("the agent ended before it was ready");
}

export function runtimeContract(name: string, open: (t: TestContext) => Promise<RuntimeBench>): void {
  let count = 0;

  async function specFor(bench: RuntimeBench, behaviour: Behaviour, changes: Partial<StartSpec> = {}) {
    count += 1;
    const runId = changes.runId ?? `${name}-${process.pid}-${count}`;
    const folder = (part: string) => join(bench.root, runId, part);
    const folders = {
      checkout: folder("repo"),
      meta: folder("meta"),
      home: folder("home"),
      logs: folder("logs"),
    };
    for (const dir of Object.values(folders)) await mkdir(dir, { recursive: true });
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", AGENT_DISPATCH_RUN: `${runId}.1` };
    const limits = { memoryBytes: null, cpus: null, pids: null };
    const plain = {
      runId,
      attempt: 1,
      env,
      stdin: "",
      folders,
      limits,
      image: null,
      gpu: false,
      network: "open" as const,
      visible: [],
      confined: false,
    };
    return bench.arrange({ ...plain, argv: ["true"], ...changes }, behaviour);
  }

  async function started(t: TestContext, behaviour: Behaviour, changes: Partial<StartSpec> = {}) {
    const bench = await open(t);
    const spec = await specFor(bench, behaviour, changes);
    const handle = await bench.runtime.start(spec);
    t.after(() => bench.runtime.remove(handle));
    return { ...bench, spec, handle };
  }

  describe(`${name}: the end of an agent`, () => {
    for (const code of [0, 7, 137]) {
      test(`exit code ${code} arrives as it is`, async (t) => {
        const { runtime, handle, codesApartFromSignals } = await started(t, exits(code));
        const { endedAt: _, ...exit } = await runtime.wait(handle);
        const told =
          code < 128 || codesApartFromSignals ? { code, signal: null } : { code: null, signal: "SIGKILL" };
        assert.deepEqual(exit, { ...told, outOfMemory: false });
      });
    }
    for (const signal of ["SIGKILL", "SIGSEGV"]) {
      test(`death by ${signal} is told apart from an exit code`, async (t) => {
        const { runtime, handle } = await started(t, diesBy(signal));
        const exit = await runtime.wait(handle);
        assert.deepEqual([exit.code, exit.signal], [null, signal]);
      });
    }
    test("whoever waits, and however often, learns the same end", async (t) => {
      const { runtime, handle } = await started(t, exits(7));
      const [first, second] = await Promise.all([runtime.wait(handle), runtime.wait(handle)]);
      assert.deepEqual([first, await runtime.wait(handle)], [second, second]);
    });
    test("whether it has ended is told before and after, also to a restarted bot, without waiting", async (t) => {
      const { runtime, handle, reopen } = await started(t, runsOn);
      await untilReady(runtime, handle);
      assert.deepEqual([await runtime.ended(handle), await reopen().ended(handle)], [false, false]);
      await runtime.stop(handle, 1_000);
      assert.deepEqual([await runtime.ended(handle), await reopen().ended(handle)], [true, true]);
      await runtime.remove(handle);
      assert.equal(await reopen().ended(handle), true);
    });
    test("a restarted bot learns the end by the handle alone", async (t) => {
      const { runtime, handle, reopen, codeAfterRestart } = await started(t, exits(7));
      await runtime.wait(handle);
      const later = await reopen().wait(JSON.parse(JSON.stringify(handle)));
      assert.equal(later.code, codeAfterRestart ? 7 : null);
    });
  });

  describe(`${name}: what goes in`, () => {
    test("300 KB of prompt arrive on stdin, which is then closed", async (t) => {
      const stdin = `- ${"prömpt ".repeat(40_000)}`;
      const { runtime, handle } = await started(t, echoesStdin, { stdin });
      assert.equal((await readAll(runtime.logs(handle, never()))).stdout.toString(), stdin);
    });
    test("an agent that does not read its prompt ends well all the same", async (t) => {
      const { runtime, handle } = await started(t, exits(0), { stdin: "x".repeat(1_000_000) });
      assert.equal((await runtime.wait(handle)).code, 0);
    });
    test("the environment is exactly the given one", async (t) => {
      const runId = `${name}-env-${process.pid}`;
      const env = {
        PATH: "/usr/bin:/bin",
        A: "1",
        QUOTED: `it's "$HOME" \\ *`,
        AGENT_DISPATCH_RUN: `${runId}.1`,
      };
      const { runtime, handle } = await started(t, printsEnv, { runId, env });
      const { stdout } = await readAll(runtime.logs(handle, never()));
      const lines = Object.entries(env).map(([key, value]) => `${key}=${value}`);
      assert.deepEqual(stdout.toString().trim().split("\n").sort(), lines.sort());
    });
  });

  describe(`${name}: what comes out`, () => {
    test("50 MB and a last line without its end come out whole, stdout and stderr apart", async (t) => {
      const bytes = 50 * 1024 * 1024;
      const { runtime, handle } = await started(t, floods(bytes));
      const { stdout, stderr } = await readAll(runtime.logs(handle, never()));
      const hash = (data: Buffer) => createHash("sha1").update(data).digest("hex");
      assert.equal(stderr.toString(), "no end");
      assert.equal(stdout.length, bytes);
      assert.equal(hash(stdout), hash(Buffer.from("0123456789abcde\n".repeat(bytes / 16))));
    });
    test("output can be read from its start again, while it runs and after the end, by another process", async (t) => {
      const { runtime, handle, reopen } = await started(t, runsOn);
      await untilReady(runtime, handle);
      await untilReady(reopen(), handle);
      await runtime.stop(handle, 1_000);
      assert.equal((await readAll(reopen().logs(handle, never()))).stdout.toString(), "ready\n");
    });
    test("reading ends when it is aborted, and the agent goes on", async (t) => {
      const { runtime, handle, living, spec } = await started(t, runsOn);
      const reading = new AbortController();
      for await (const { data } of runtime.logs(handle, reading.signal)) if (data.length > 0) reading.abort();
      assert.ok((await living(spec.runId)) > 0);
    });
  });

  describe(`${name}: stopping`, () => {
    test("TERM is enough for an agent that heeds it", async (t) => {
      const { runtime, handle, living, spec } = await started(t, runsOn);
      await untilReady(runtime, handle);
      await runtime.stop(handle, 20_000);
      assert.equal(await living(spec.runId), 0);
      const { code, signal } = await runtime.wait(handle);
      assert.ok(signal === "SIGTERM" || code === 143, `ended with code ${code}, signal ${signal}`);
    });
    test("an agent that ends in its own way on TERM is told by its own words and code", async (t) => {
      const { runtime, handle } = await started(t, endsOnTerm);
      await untilReady(runtime, handle);
      await runtime.stop(handle, 20_000);
      assert.equal((await runtime.wait(handle)).code, 5);
      assert.equal((await readAll(runtime.logs(handle, never()))).stdout.toString(), "ready\nbye\n");
    });
    test("KILL comes after the grace for one that ignores TERM", async (t) => {
      const { runtime, handle, living, spec } = await started(t, ignoresTerm);
      await untilReady(runtime, handle);
      await runtime.stop(handle, 50);
      assert.equal(await living(spec.runId), 0);
      const { code, signal } = await runtime.wait(handle);
      assert.ok(signal === "SIGKILL" || code === 137, `ended with code ${code}, signal ${signal}`);
    });
    test("twice, at once, after the end and after removal is as good as once", async (t) => {
      const { runtime, handle } = await started(t, runsOn);
      await Promise.all([runtime.stop(handle, 1_000), runtime.stop(handle, 1_000)]);
      const exit = await runtime.wait(handle);
      await runtime.stop(handle, 1_000);
      assert.deepEqual(await runtime.wait(handle), exit);
      await runtime.remove(handle);
      await runtime.remove(handle);
      await runtime.stop(handle, 1_000);
    });
    test("a restarted bot can stop what an earlier one started", async (t) => {
      const { runtime, handle, reopen, living, spec } = await started(t, ignoresTerm);
      await untilReady(runtime, handle);
      await reopen().stop(handle, 30);
      assert.equal(await living(spec.runId), 0);
      assert.equal((await runtime.wait(handle)).code, null);
    });
    test("what an agent left running ends with it for a restarted bot too", async (t) => {
      const { handle, reopen, living, spec } = await started(t, leavesChildren);
      const later = reopen();
      for await (const { data } of later.logs(handle, never())) assert.equal(data.toString(), "ready\n");
      await later.wait(handle);
      assert.equal(await living(spec.runId), 0);
    });
    test("what an agent left running ends with it, even in a session of its own", async (t) => {
      const { runtime, handle, living, spec } = await started(t, leavesChildren);
      assert.equal((await runtime.wait(handle)).code, 3);
      assert.equal(await living(spec.runId), 0);
    });
  });

  describe(`${name}: knowing its runs`, () => {
    test("a run is listed from its start until it is removed, also by a restarted bot", async (t) => {
      const { runtime, handle, reopen } = await started(t, exits(0));
      assert.deepEqual(await reopen().list(), [handle]);
      await runtime.wait(handle);
      assert.deepEqual(await runtime.list(), [handle]);
      await runtime.remove(handle);
      assert.deepEqual(await reopen().list(), []);
      assert.equal((await readAll(runtime.logs(handle, never()))).stdout.length, 0);
    });
    test("removing a running agent ends it", async (t) => {
      const { runtime, handle, living, spec } = await started(t, runsOn);
      await runtime.remove(handle);
      assert.equal(await living(spec.runId), 0);
    });
    test("ten at once do not get into each other's way", async (t) => {
      const bench = await open(t);
      const codes = Array.from({ length: 10 }, (_, index) => index);
      const ends = codes.map(async (code) => {
        const handle = await bench.runtime.start(await specFor(bench, exits(code)));
        t.after(() => bench.runtime.remove(handle));
        return (await bench.runtime.wait(handle)).code;
      });
      assert.deepEqual(await Promise.all(ends), codes);
    });
  });

  describe(`${name}: not starting`, () => {
    const refused = async (t: TestContext, change: (spec: StartSpec) => Promise<StartSpec>, why: RegExp) => {
      const bench = await open(t);
      const spec = await change(await specFor(bench, exits(0)));
      await assert.rejects(bench.runtime.start(spec), (error: unknown) => {
        assert.ok(error instanceof Refusal, String(error));
        assert.match(error.message, why);
        assert.ok(error.fix);
        return true;
      });
      assert.deepEqual(await bench.runtime.list(), []);
      assert.equal(await bench.living(spec.runId), 0);
    };
    test("a missing program is refused by its name, and nothing is left", (t) =>
      refused(t, async (spec) => ({ ...spec, argv: ["no-such-agent"] }), /no-such-agent/));
    test("a missing checkout is refused by its path, and nothing is left", (t) =>
      refused(
        t,
        async (spec) => {
          await rm(spec.folders.checkout, { recursive: true });
          await assert.rejects(access(spec.folders.checkout));
          return spec;
        },
        /checkout/,
      ));
  });
}
