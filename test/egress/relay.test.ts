/** The relay by itself, and in bubblewrap; in containers it is tried with the engines (`test/real/runtimes`). */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { RELAY_PORT, whyNotStarted, wrapArgv } from "../../src/egress/wrap.ts";
import { type Cage, open, REQUEST, relaySuite } from "./relay.ts";

const BUBBLEWRAP: Cage = {
  name: "bubblewrap",
  argv: (_, env) => [
    ...["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"],
    ...["--unshare-net", "--unshare-pid", "--die-with-parent", "--clearenv"],
    ...Object.entries({ ...env, PATH: process.env.PATH ?? "" }).flatMap((one) => ["--setenv", ...one]),
  ],
};

const works = spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-net", "true"]).status === 0;
relaySuite(BUBBLEWRAP, works || process.env.CI ? false : "bubblewrap does not work on this machine");

test("the relay ends with the agent, and does not heed the signals of the agent's group before", async (t) => {
  const egress = open(t);
  const { folder } = await egress.open(REQUEST);
  const agent = spawn("sleep", ["600"]);
  const relay = spawn(process.execPath, [join(folder, "relay.mjs"), folder, "0", String(agent.pid)]);
  t.after(() => [agent.kill("SIGKILL"), relay.kill("SIGKILL")]);
  assert.equal(await text(relay.stdout), "ready\n");
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) relay.kill(signal);
  assert.equal(relay.exitCode, null);
  agent.kill("SIGKILL");
  await once(relay, "exit");
  assert.deepEqual([relay.exitCode, relay.signalCode], [0, null]);
});

test("a program in the agent's own checkout is not taken for node", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "checkout-"));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, "checkout"));
  writeFileSync(join(dir, "checkout", "node"), "#!/bin/sh\necho ready\n");
  chmodSync(join(dir, "checkout", "node"), 0o755);
  const [program, ...args] = wrapArgv(dir, "node", ["/bin/sh", "-c", "exit 0"]);
  const { status } = spawnSync(program, args, { cwd: join(dir, "checkout"), env: { PATH: "/nowhere" } });
  assert.equal(whyNotStarted(status, "sh")?.fix, "node");
  assert.equal(RELAY_PORT < 32_768, true);
});
