/** The whole runtime contract once more, with every agent confined by bubblewrap. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { type RuntimeBench, runtimeContract } from "../../contracts/runtime.ts";
import { confines, PATH } from "./confines.ts";

async function open(t: TestContext): Promise<RuntimeBench> {
  const root = await mkdtemp(join(tmpdir(), "confined-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  const confine = { path: PATH, own: [process.cwd()] };
  const reopen = () => createNativeRuntime({ now: Date.now, records: join(root, "records"), confine });
  return {
    runtime: reopen(),
    root,
    reopen,
    arrange: (spec, { sh }) => ({ ...spec, confined: true, argv: ["sh", "-c", sh] }),
    async living(runId) {
      return (await linuxProcesses().scan()).filter((row) => row.run === `${runId}.1`).length;
    },
    codeAfterRestart: true,
    codesApartFromSignals: true,
  };
}

if (await confines()) runtimeContract("confined native", open);
