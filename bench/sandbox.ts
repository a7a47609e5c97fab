/**
 * What does the sandbox cost? From the start of a contained `true` to its end by our runtime, with everything a run
 * needs (folders given away, limits, launch files, the end waited for and inspected, the container removed), over a bare
 * `run --rm` of the same image by the same engine. The two take turns. An engine that is not there is skipped, visibly.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime, StartSpec } from "../src/runtimes/runtime.ts";
import { type EngineName, runtimeIn } from "../test/real/runtimes/engine.ts";
import { IMAGE, makeImage } from "../test/real/runtimes/image.ts";

const ROUNDS = 10;
const GOAL = 3;

for (const name of ["docker", "podman"] as const) await measure(name);

async function measure(name: EngineName): Promise<void> {
  if (spawnSync(name, ["info"], { stdio: "ignore" }).status !== 0) {
    console.log(`sandbox ${name}: skipped, ${name} does not work on this machine`);
    return;
  }
  await makeImage([name]);
  const root = mkdtempSync(join(tmpdir(), "bench-sandbox-"));
  try {
    const runtime = runtimeIn(name, root);
    // The first start looks for the program inside the image.
    await contained(runtime, specOf(root, 0));
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      bare.push(await timed(async () => void execFileSync(name, bareArguments())));
      ours.push(await timed(() => contained(runtime, specOf(root, round))));
    }
    console.log(
      `sandbox ${name}: ours ${median(ours).toFixed(0)} ms, bare ${name} run ${median(bare).toFixed(0)} ms, ` +
        `median of ${ROUNDS}; goal ${GOAL} or less`,
    );
    console.log(`sandbox ratio=${(median(ours) / median(bare)).toFixed(2)} (over a bare ${name} run --rm)`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function bareArguments(): readonly string[] {
  return ["run", "--rm", "--pull=never", "--network", "none", IMAGE, "true"];
}

async function contained(runtime: Runtime, spec: StartSpec): Promise<void> {
  const handle = await runtime.start(spec);
  const { code } = await runtime.wait(handle);
  await runtime.remove(handle);
  if (code !== 0) throw new Error(`true ended with ${code}`);
}

function specOf(root: string, round: number): StartSpec {
  const folder = (part: string) => join(root, `${round}`, part);
  const folders = {
    checkout: folder("repo"),
    meta: folder("meta"),
    home: folder("home"),
    logs: folder("logs"),
  };
  for (const dir of Object.values(folders)) mkdirSync(dir, { recursive: true });
  return {
    ...{ runId: `bench-${process.pid}-${round}`, attempt: 1, argv: ["true"], env: {}, stdin: "", folders },
    limits: { memoryBytes: 256 << 20, cpus: 1, pids: 64 },
    ...{ image: IMAGE, gpu: false, network: "none", visible: [], confined: true },
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
