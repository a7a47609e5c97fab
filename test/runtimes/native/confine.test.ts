/** Whether agents can be confined here, and what becomes of them where they cannot. */
import assert from "node:assert/strict";
import { chmod, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Refusal } from "../../../src/model/errors.ts";
import { createNativeRuntime } from "../../../src/runtimes/native/native.ts";
import { confinedPlace } from "./confined-place.ts";
import { confines } from "./confines.ts";

if (await confines()) {
  test("a server whose folders are open to nobody else, as under a umask of 077, starts it all the same", async (t) => {
    const { spec, sh } = await confinedPlace(t);
    for (const folder of Object.values(spec.folders)) await chmod(folder, 0o700);
    const { stdout, stderr, exit } = await sh("echo work > work.txt && cat work.txt");
    assert.deepEqual([stdout, stderr, exit.code], ["work\n", "", 0]);
  });

  test("the probe tells what is held and what is not", async (t) => {
    const { runtime } = await confinedPlace(t);
    const [confined, free] = [await runtime.probe(), await runtime.probe(false)];
    assert.match(confined.version ?? "", /confined by bubblewrap \d/);
    assert.deepEqual(Object.keys(confined.lacks).sort(), ["cpus", "memory", "pids"]);
    assert.deepEqual(Object.keys(free.lacks).sort(), ["cpus", "files", "memory", "network", "pids"]);
    assert.match(free.version ?? "", /no isolation/);
  });
}

test("where bubblewrap is missing, a confined agent is refused with the fix and never started", async (t) => {
  const { spec, options, root } = await confinedPlace(t);
  const runtime = createNativeRuntime({ ...options, confine: { path: join(root, "empty"), own: [] } });
  const probe = await runtime.probe(true);
  assert.equal(probe.ready, false);
  assert.match(probe.reason ?? "", /no executable bwrap on PATH; install bubblewrap .*confined: false/);
  assert.equal((await runtime.probe(false)).ready, true);
  const argv = ["sh", "-c", "touch ran"] as const;
  await assert.rejects(runtime.start({ ...spec, argv: [...argv] }), (error: unknown) => {
    assert.ok(error instanceof Refusal);
    assert.match(error.message, /starting sh: it cannot be confined: no executable bwrap/);
    assert.match(error.fix ?? "", /install bubblewrap/);
    return true;
  });
  assert.deepEqual([await runtime.list(), await readdir(spec.folders.checkout)], [[], []]);
});
