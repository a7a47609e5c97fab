/** A dockerd of the test's own is killed and started again while an agent works: with `live-restore` nothing is lost. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ENGINE_ENV, runtimeIn, specOf, untilSaid } from "./engine.ts";
import { makeImage } from "./image.ts";

const missing = process.getuid?.() !== 0 || spawnSync("dockerd", ["--version"]).status !== 0;
const skip = missing && !process.env.CI ? "needs root and a dockerd to start" : false;

interface Daemon {
  readonly host: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

async function daemonOf(t: TestContext): Promise<Daemon> {
  const root = await mkdtemp(join(tmpdir(), "dockerd-"));
  const at = (name: string) => join(root, name);
  const host = `unix://${at("docker.sock")}`;
  const docker = (...args: string[]) => spawnSync("docker", ["-H", host, ...args], { encoding: "utf8" });
  const places = [`--data-root=${at("data")}`, `--exec-root=${at("exec")}`, `--pidfile=${at("pid")}`];
  let child: ChildProcess | null = null;
  const kill = async () => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  const start = async () => {
    // Its containerd died with it, and counts as alive where nobody reaps it.
    for (const file of [at("pid"), join(at("exec"), "containerd", "containerd.pid")])
      await rm(file, { force: true });
    const options = [...places, "--host", host, "--live-restore", "--bridge=none", "--iptables=false"];
    // In a network of its own: it would take the bridge of another dockerd for a leftover, and remove it.
    child = spawn("unshare", ["--net", "dockerd", ...options], { stdio: "ignore" });
    while (docker("info").status !== 0) {
      assert.equal(child.exitCode, null, "dockerd ended");
      await sleep(50);
    }
  };
  t.after(async () => {
    const left = docker("ps", "--all", "--quiet").stdout.split("\n").filter(Boolean);
    if (left.length > 0) docker("rm", "--force", ...left);
    // In its own way this time: it takes its containerd along.
    child?.kill("SIGTERM");
    if (child && child.exitCode === null) await once(child, "exit");
    // What it keeps mounted for containers that may live on.
    const mounts = (await readFile("/proc/self/mounts", "utf8"))
      .split("\n")
      .map((line) => line.split(" ")[1]);
    for (const mount of mounts.reverse()) if (mount?.startsWith(root)) spawnSync("umount", ["--lazy", mount]);
    await rm(root, { recursive: true, force: true });
  });
  await start();
  return { host, kill, start };
}

describe("docker with live-restore", { skip, timeout: 180_000 }, () => {
  test("an agent outlives its dockerd, and the true end arrives where it was waited for", async (t) => {
    const daemon = await daemonOf(t);
    await makeImage(["docker", "-H", daemon.host]);
    const root = await mkdtemp(join(tmpdir(), "restored-"));
    t.after(() => rm(root, { recursive: true, force: true }));
    const runtime = runtimeIn("docker", root, { env: { ...ENGINE_ENV, DOCKER_HOST: daemon.host } });
    const spec = await specOf(root, "echo ready; until [ -e go ]; do sleep 0.1; done; echo went; exit 7");
    const handle = await runtime.start(spec);
    await untilSaid({ runtime, handle }, "ready");
    const end = runtime.wait(handle);

    await daemon.kill();
    await daemon.start();
    assert.equal(await runtime.ended(handle), false);
    await writeFile(join(spec.folders.checkout, "go"), "");
    await untilSaid({ runtime, handle }, "went");
    const { endedAt: _, ...exit } = await end;
    assert.deepEqual(exit, { code: 7, signal: null, outOfMemory: false });
    await runtime.remove(handle);
    assert.deepEqual(await runtime.list(), []);
  });
});
