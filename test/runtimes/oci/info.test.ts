import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDockerInfo, parsePodmanInfo } from "../../../src/runtimes/oci/info.ts";

const docker = (more: object) =>
  parseDockerInfo(
    JSON.stringify({
      ServerVersion: "20.10.24",
      SecurityOptions: ["name=seccomp,profile=default"],
      CgroupDriver: "cgroupfs",
      MemoryLimit: true,
      CpuCfsQuota: true,
      PidsLimit: true,
      ...more,
    }),
  );
const podman = (cgroupVersion: string, rootless: boolean, cgroupControllers: readonly string[]) =>
  parsePodmanInfo(
    JSON.stringify({
      version: { Version: "4.3.1" },
      host: { cgroupVersion, cgroupControllers, security: { rootless, selinuxEnabled: false } },
    }),
  );
const ALL = ["cpu", "memory", "pids"];

test("docker without a daemon prints an empty engine, which is none", () => {
  assert.equal(parseDockerInfo('{"ServerVersion":"","MemoryLimit":false}'), null);
  assert.equal(parseDockerInfo("Cannot connect"), null);
});

test("docker as root holds agents to all limits, unless the kernel does not offer one", () => {
  assert.deepEqual(docker({})?.lacks, {});
  assert.deepEqual(Object.keys(docker({ PidsLimit: false })?.lacks ?? {}), ["pids"]);
});

test("rootless docker without control groups lacks every limit", () => {
  const facts = docker({ CgroupDriver: "none", SecurityOptions: ["name=seccomp", "name=rootless"] });
  assert.equal(facts?.rootless, true);
  assert.deepEqual(Object.keys(facts?.lacks ?? {}), ["memory", "cpus", "pids"]);
  assert.match(facts?.lacks.memory ?? "", /cgroup v2/);
});

test("docker that gives containers other users of the host, or SELinux labels, is known by its options", () => {
  const facts = docker({ SecurityOptions: ["name=userns", "name=selinux"] });
  assert.deepEqual([facts?.remaps, facts?.selinux, facts?.rootless], [true, true, false]);
});

test("rootless podman ignores limits with cgroup v1, and holds those it was given with v2", () => {
  assert.deepEqual(Object.keys(podman("v1", true, ALL)?.lacks ?? {}), ["memory", "cpus", "pids"]);
  assert.deepEqual(podman("v2", true, ALL)?.lacks, {});
  assert.deepEqual(Object.keys(podman("v2", true, ["memory", "pids"])?.lacks ?? {}), ["cpus"]);
  assert.deepEqual(podman("v1", false, ALL)?.lacks, {});
});
