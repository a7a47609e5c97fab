/** What `info` of docker and of podman says of the engine, in our words. Pure. */
import type { Property } from "../runtime.ts";

export interface EngineFacts {
  readonly version: string;
  /** It runs as the bot's own user and not as root. */
  readonly rootless: boolean;
  /** Containers' users are others on the host: docker's `userns-remap`. */
  readonly remaps: boolean;
  readonly selinux: boolean;
  readonly lacks: Readonly<Partial<Record<Property, string>>>;
}

interface DockerInfo {
  readonly ServerVersion?: string;
  readonly OSType?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly CgroupDriver?: string;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
}

/** Null when the answer holds no engine: docker prints an empty one when its daemon is away. */
export function parseDockerInfo(stdout: string): EngineFacts | null {
  const info = parse<DockerInfo>(stdout);
  if (!info?.ServerVersion) return null;
  const has = (option: string) =>
    (info.SecurityOptions ?? []).some((one) => one.startsWith(`name=${option}`));
  const none = info.CgroupDriver === "none";
  const why = none
    ? "rootless docker has no control groups here; run it under systemd with cgroup v2"
    : "the kernel or its control groups do not offer it to docker (see docker info)";
  return {
    version: `docker ${info.ServerVersion}${has("rootless") ? ", rootless" : ""}`,
    rootless: has("rootless"),
    remaps: has("userns"),
    selinux: has("selinux"),
    lacks: lacking({ memory: info.MemoryLimit, cpus: info.CpuCfsQuota, pids: info.PidsLimit }, none, why),
  };
}

interface PodmanInfo {
  readonly version?: { readonly Version?: string };
  readonly host?: {
    readonly cgroupVersion?: string;
    readonly cgroupControllers?: readonly string[] | null;
    readonly security?: { readonly rootless?: boolean; readonly selinuxEnabled?: boolean };
  };
}

export function parsePodmanInfo(stdout: string): EngineFacts | null {
  const info = parse<PodmanInfo>(stdout);
  const version = info?.version?.Version;
  if (!info || !version) return null;
  const { cgroupVersion, cgroupControllers, security } = info.host ?? {};
  const rootless = security?.rootless ?? false;
  const none = rootless && cgroupVersion === "v1";
  const has = (controller: string) => (cgroupControllers ?? []).includes(controller);
  const why = none
    ? "rootless podman ignores limits with cgroup v1; use cgroup v2 or podman as root"
    : "its control group is not given to podman (see podman info); delegate it to the bot's user";
  return {
    version: `podman ${version}${rootless ? ", rootless" : ""}`,
    rootless,
    remaps: false,
    selinux: security?.selinuxEnabled ?? false,
    lacks: lacking({ memory: has("memory"), cpus: has("cpu"), pids: has("pids") }, none, why),
  };
}

function lacking(
  offered: Readonly<Record<"memory" | "cpus" | "pids", boolean | undefined>>,
  none: boolean,
  why: string,
): EngineFacts["lacks"] {
  const missing = Object.entries(offered).filter(([, offers]) => none || offers !== true);
  return Object.fromEntries(missing.map(([property]) => [property, why]));
}

function parse<T>(stdout: string): T | null {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    return null;
  }
}
