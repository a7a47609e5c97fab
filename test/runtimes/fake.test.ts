/** The fake runtime keeps the same promises as the real ones, or tests that use it would prove nothing. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Refusal } from "../../src/model/errors.ts";
import type { StartSpec } from "../../src/runtimes/runtime.ts";
import type { Behaviour } from "../contracts/behaviours.ts";
import { type RuntimeBench, runtimeContract } from "../contracts/runtime.ts";
import { createFakeRuntime, type FakeScript } from "../fakes/runtime.ts";

async function open(t: TestContext): Promise<RuntimeBench> {
  const root = await mkdtemp(join(tmpdir(), "fake-runtime-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const behaviours = new Map<string, Behaviour>();
  const runtime = createFakeRuntime((spec) => scriptOf(spec, behaviours.get(spec.runId)));
  return {
    runtime,
    root,
    reopen: runtime.reopen,
    arrange(spec, behaviour) {
      behaviours.set(spec.runId, behaviour);
      return spec;
    },
    living: async (runId) => runtime.living(runId),
    codeAfterRestart: true,
    codesApartFromSignals: true,
  };
}

function scriptOf(spec: StartSpec, behaviour: Behaviour | undefined): FakeScript {
  const { checkout } = spec.folders;
  if (spec.argv[0] === "no-such-agent")
    return { refuse: new Refusal("no executable no-such-agent", "install") };
  if (!existsSync(checkout)) return { refuse: new Refusal(`there is no checkout at ${checkout}`, "retry") };
  return behaviour?.fake(spec) ?? {};
}

runtimeContract("fake", open);

test("a fake agent can run out of memory", async () => {
  const runtime = createFakeRuntime(() => ({ exit: { signal: "SIGKILL", outOfMemory: true } }));
  const folders = { checkout: "/c", meta: "/m", home: "/h", logs: "/l" };
  const limits = { memoryBytes: null, cpus: null, pids: null };
  const base = {
    runId: "r",
    attempt: 1,
    env: {},
    stdin: "",
    image: null,
    gpu: false,
    network: "open",
    visible: [],
    confined: false,
  } as const;
  const handle = await runtime.start({ ...base, argv: ["agent"], folders, limits });
  assert.deepEqual(await runtime.wait(handle), { code: null, signal: "SIGKILL", outOfMemory: true });
});
