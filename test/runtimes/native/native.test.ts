/** The native runtime on real processes of this host. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { type RuntimeBench, runtimeContract } from "../../contracts/runtime.ts";

async function open(t: TestContext): Promise<RuntimeBench> {
  const root = await mkdtemp(join(tmpdir(), "native-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const reopen = () => createNativeRuntime({ now: Date.now, records: join(root, "records") });
  return {
    runtime: reopen(),
    root,
    reopen,
    arrange: (spec, { sh }) => ({ ...spec, argv: ["sh", "-c", sh] }),
    async living(runId) {
      return (await linuxProcesses().scan()).filter((row) => row.run === `${runId}.1`).length;
    },
    codeAfterRestart: true,
    codesApartFromSignals: true,
  };
}

runtimeContract("native", open);
