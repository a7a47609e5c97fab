import assert from "node:assert/strict";
import { test } from "node:test";
import { lookArguments, runArguments } from "../../../src/runtimes/oci/arguments.ts";
import { DOCKER, PODMAN } from "../../../src/runtimes/oci/dialects.ts";
import { SPEC } from "./spec.ts";

const options = {
  spec: SPEC,
  program: "/usr/bin/codex",
  imageId: "sha256:1f",
  owner: "me",
  user: ["--user", "1000:1000"],
};
const inDocker = runArguments({ ...options, dialect: DOCKER });

/** Whether the words stand side by side. */
const has = (args: readonly string[], ...words: readonly string[]) =>
  args.some((_, at) => words.every((word, offset) => args[at + offset] === word));

test("a container is detached, kept after its end, named, labelled and never pulled at the start", () => {
  assert.deepEqual(inDocker.slice(0, 5), [
    "run",
    "--detach",
    "--pull=never",
    "--name",
    "agent-dispatch-7f3a.2",
  ]);
  for (const label of ["owner=me", "run=7f3a", "attempt=2", "logs=/w/.logs"])
    assert.ok(has(inDocker, "--label", `agent-dispatch.${label}`), label);
  assert.ok(!inDocker.includes("--rm"));
});

test("an agent is confined in both engines", () => {
  for (const dialect of [DOCKER, PODMAN]) {
    const args = runArguments({ ...options, dialect });
    for (const flag of ["--init", "--read-only", "--cap-drop=ALL"]) assert.ok(args.includes(flag), flag);
    assert.ok(has(args, "--security-opt", "no-new-privileges"));
    assert.ok(has(args, "--user", "1000:1000"));
    assert.ok(has(args, "--network", "none"));
    assert.ok(has(args, "--tmpfs", "/tmp:rw,exec,nosuid,size=1073741824,mode=1777"));
  }
});

test("memory has no swap on top, and limits that are not set are not given", () => {
  assert.ok(has(inDocker, "--memory", "4294967296", "--memory-swap", "4294967296"));
  assert.ok(has(inDocker, "--cpus", "1.5", "--pids-limit", "512"));
  const limits = { memoryBytes: null, cpus: null, pids: null };
  const free = runArguments({
    ...options,
    spec: { ...SPEC, limits, network: "open", gpu: false },
    dialect: DOCKER,
  });
  for (const flag of ["--memory", "--memory-swap", "--cpus", "--pids-limit", "--network", "--gpus"])
    assert.ok(!free.includes(flag), flag);
});

test("the run's own folders and what is visible are mounted, and nothing else", () => {
  const mounts = inDocker.filter((_, at) => inDocker[at - 1] === "--mount");
  assert.deepEqual(mounts, [
    "type=bind,source=/w/repo,target=/workspace/repo",
    "type=bind,source=/w/.meta,target=/workspace/.meta",
    "type=bind,source=/w/.home,target=/home/agent",
    "type=bind,source=/w/.logs/launch.2,target=/workspace/.launch",
    'type=bind,"source=/srv/proxy, one/socket","target=/srv/proxy, one/socket",readonly',
  ]);
});

test("neither environment nor prompt is on the command line", () => {
  assert.ok(!inDocker.some((arg) => arg.includes("canary")));
  assert.deepEqual(inDocker.slice(-7), [
    "--entrypoint",
    "/bin/sh",
    "sha256:1f",
    "/workspace/.launch/start",
    "/usr/bin/codex",
    "exec",
    "-",
  ]);
});

test("each engine is asked for a GPU in its own words", () => {
  assert.ok(has(inDocker, "--gpus", "all"));
  assert.ok(has(runArguments({ ...options, dialect: PODMAN }), "--device", "nvidia.com/gpu=all"));
});

test("an image is looked into without a network, a folder or a power", () => {
  const args = lookArguments({ ...options, dialect: PODMAN }, "script", ["codex"]);
  assert.ok(args.includes("--rm") && args.includes("--cap-drop=ALL") && has(args, "--network", "none"));
  assert.ok(!args.includes("--mount"));
});
