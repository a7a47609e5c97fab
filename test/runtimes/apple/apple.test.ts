/**
 * The runtime for Apple's container against a stub of its CLI: no Mac was at hand. The stub keeps each command line and
 * answers as the CLI's reference says; the command lines are what is tested.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createAppleRuntime } from "../../../src/runtimes/apple/apple.ts";
import { parseContainers } from "../../../src/runtimes/apple/inspect.ts";
import type { StartSpec } from "../../../src/runtimes/runtime.ts";
import { SPEC } from "../oci/spec.ts";

/** `state` is what it says of its one container; what is killed or stopped has stopped. */
const STUB = `#!/bin/sh
dir=\${0%/*}
(for arg in "$@"; do printf '%s\\037' "$arg"; done; echo) >>"$dir/calls"
case "$1 $2" in
"system status") [ -f "$dir/down" ] && { echo "apiserver is not running" >&2; exit 1; }; exit 0 ;;
"--version "*) echo "container CLI version 1.2.0 (build: release)" ;;
"image inspect") [ -f "$dir/image" ] || exit 1 ;;
"image pull") [ -f "$dir/private" ] && { echo "Error: 401 unauthorized" >&2; exit 1; }; : >"$dir/image" ;;
"run --rm") printf /usr/bin/codex ;;
"run "*) echo agent-dispatch-7f3a.2; echo running >"$dir/state" ;;
"inspect "*|"list "*) cat "$dir/containers" ;;
"stop "*|"kill "*) sed s/running/stopped/ "$dir/containers" >"$dir/next" && mv "$dir/next" "$dir/containers" ;;
"delete "*) echo '[]' >"$dir/containers" ;;
esac
`;

async function stage(t: TestContext, more: { platform?: NodeJS.Platform; isFleet?: boolean } = {}) {
  const root = await mkdtemp(join(tmpdir(), "apple-"));
  t.after(() => rm(root, { recursive: true }));
  const at = (path: string) => join(root, path);
  for (const dir of ["bin", "run/repo", "run/.meta", "run/.home", "run/.logs"])
    await mkdir(at(dir), { recursive: true });
  await writeFile(at("bin/container"), STUB);
  await chmod(at("bin/container"), 0o755);
  await writeFile(at("bin/containers"), "[]");
  const env = { PATH: `${at("bin")}:/usr/bin:/bin` };
  const user = { uid: 501, gid: 20 };
  const runtime = createAppleRuntime({
    dir: at("apple"),
    env,
    user,
    platform: "darwin",
    isFleet: false,
    ...more,
  });
  const folders = {
    checkout: at("run/repo"),
    meta: at("run/.meta"),
    home: at("run/.home"),
    logs: at("run/.logs"),
  };
  const spec: StartSpec = { ...SPEC, folders, visible: [] };
  const calls = async () => {
    const text = existsSync(at("bin/calls")) ? await readFile(at("bin/calls"), "utf8") : "";
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\x1f").slice(0, -1));
  };
  const says = async (status: unknown) => {
    const owner = (await readFile(at("apple/owner"), "utf8")).trim();
    const all = { owner, run: "7f3a", attempt: "2", logs: folders.logs };
    const labels = Object.fromEntries(
      Object.entries(all).map(([name, value]) => [`agent-dispatch.${name}`, value]),
    );
    await writeFile(
      at("bin/containers"),
      JSON.stringify([{ status, configuration: { id: "agent-dispatch-7f3a.2", labels } }]),
    );
  };
  return { at, runtime, spec, calls, says };
}

test("an agent is started by this command line, with neither environment nor prompt on it", async (t) => {
  const { at, runtime, spec, calls } = await stage(t);
  const progress: string[] = [];
  await runtime.start(spec, (text) => progress.push(text));
  assert.deepEqual(progress, ["pulling ghcr.io/acme/agents:1"]);
  const run = (await calls()).at(-1) ?? [];
  const owner = (await readFile(at("apple/owner"), "utf8")).trim();
  assert.deepEqual(run, [
    ...["run", "--detach", "--name", "agent-dispatch-7f3a.2"],
    ...["--label", `agent-dispatch.owner=${owner}`, "--label", "agent-dispatch.run=7f3a"],
    ...["--label", "agent-dispatch.attempt=2", "--label", `agent-dispatch.logs=${at("run/.logs")}`],
    ...["--init", "--read-only", "--cap-drop", "ALL", "--user", "501:20", "--tmpfs", "/tmp"],
    ...["--memory", "4096M", "--cpus", "2", "--network", "none"],
    ...["--mount", `type=bind,source=${at("run/repo")},target=/workspace/repo`],
    ...["--mount", `type=bind,source=${at("run/.meta")},target=/workspace/.meta`],
    ...["--mount", `type=bind,source=${at("run/.home")},target=/home/agent`],
    ...["--mount", `type=bind,source=${at("run/.logs/launch.2")},target=/workspace/.launch`],
    ...["--workdir", "/workspace/repo", "--entrypoint", "/bin/sh", "ghcr.io/acme/agents:1"],
    ...["/workspace/.launch/start", "/usr/bin/codex", "exec", "-"],
  ]);
  const script = await readFile(at("run/.logs/launch.2/start"), "utf8");
  assert.match(script, /export OPENAI_API_KEY='canary-key'/);
});

for (const [version, running, stopped] of [
  ["before 1.0", "running", "stopped"],
  ["since 1.0", { state: "running" }, { state: "stopped" }],
] as const) {
  test(`its end is told by the start script's record, as the CLI ${version} tells no code`, async (t) => {
    const { at, runtime, spec, says } = await stage(t);
    const handle = await runtime.start(spec);
    await says(running);
    assert.deepEqual(await runtime.list(), [handle]);
    assert.equal(await runtime.ended(handle), false);
    await writeFile(at("run/.logs/launch.2/exit"), "exit 7\n");
    await says(stopped);
    assert.equal(await runtime.ended(handle), true);
    assert.equal((await runtime.wait(handle)).code, 7);
  });
}

test("an agent is asked to end with its grace, then removed with all of its traces", async (t) => {
  const { at, runtime, spec, calls, says } = await stage(t);
  const handle = await runtime.start(spec);
  await says({ state: "running" });
  await runtime.stop(handle, 9_500);
  assert.ok((await calls()).some((call) => call.join(" ") === "stop --time 10 agent-dispatch-7f3a.2"));
  assert.deepEqual(await runtime.wait(handle), { code: null, signal: "SIGKILL", outOfMemory: false });
  await runtime.remove(handle);
  assert.ok((await calls()).some((call) => call.join(" ") === "delete --force agent-dispatch-7f3a.2"));
  assert.ok(!existsSync(at("run/.logs/launch.2")));
  assert.deepEqual(await runtime.list(), []);
});

test("a registry that wants a login says so, and nothing is left", async (t) => {
  const { at, runtime, spec } = await stage(t);
  await writeFile(at("bin/private"), "");
  await assert.rejects(runtime.start(spec), {
    name: "Refusal",
    message: /401 unauthorized/,
    fix: /container registry login/,
  });
  assert.ok(!existsSync(at("run/.logs/launch.2")));
});

test("it is ready on a Mac whose services run, and nowhere else", async (t) => {
  const mac = await stage(t);
  assert.deepEqual([(await mac.runtime.probe()).ready, (await mac.runtime.probe()).version], [true, "1.2.0"]);
  await writeFile(mac.at("bin/down"), "");
  assert.match((await mac.runtime.probe()).reason ?? "", /apiserver is not running/);
  assert.match((await (await stage(t, { platform: "linux" })).runtime.probe()).reason ?? "", /macOS only/);
  assert.match((await (await stage(t, { isFleet: true })).runtime.probe()).reason ?? "", /PostgreSQL/);
});

test("it says that a network and a number of processes are not held", async (t) => {
  const { lacks } = await (await stage(t)).runtime.probe();
  assert.deepEqual(Object.keys(lacks), ["network", "pids"]);
});

test("what is no list of containers is none", () => {
  for (const text of ["", "{}", "null", "[{}]"]) assert.deepEqual(parseContainers(text), []);
});
