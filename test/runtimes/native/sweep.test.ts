/** A sweep ends all of one run and nothing of another. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { linuxProcesses } from "../../../src/runtimes/native/linux.ts";
import { killAll, terminate } from "../../../src/runtimes/native/sweep.ts";

test("runs whose names begin with this one's are left alone", async (t) => {
  if (process.platform !== "linux") return t.diagnostic("Linux only");
  const table = linuxProcesses();
  const run = `sweep-${process.pid}.1`;
  const start = async (marker: string) => {
    const env = { PATH: process.env.PATH ?? "", AGENT_DISPATCH_RUN: marker };
    const child = spawn("sleep", ["60"], { env, detached: true, stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    await once(child, "spawn");
    return child;
  };
  const others = await Promise.all([`${run}0`, `${run}.1`, `x${run}`, `${run} `].map(start));
  const [heeds, dies] = [await start(run), await start(run)];
  const target = { run, pid: 0, start: "", ours: false };
  assert.equal(await terminate(table, target, 20_000), true);
  await killAll(table, { ...target, pid: heeds.pid ?? 0 });
  assert.deepEqual([heeds.signalCode, dies.signalCode], ["SIGTERM", "SIGTERM"]);
  for (const { pid } of others) assert.ok(await table.startOf(pid ?? 0));
});
