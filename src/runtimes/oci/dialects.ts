/** Where docker and podman differ; everything else of this folder is the same for both. */
import { type EngineFacts, parseDockerInfo, parsePodmanInfo } from "./info.ts";

export interface Dialect {
  readonly name: "docker" | "podman";
  readonly info: (stdout: string) => EngineFacts | null;
  /** More options of every container. */
  readonly run: readonly string[];
  readonly gpu: readonly string[];
  /** How to wait: podman looks again and again, four times a second unless told. */
  readonly wait: readonly string[];
  /** Its process may be gone with nobody to say so: podman's watcher can be killed, docker's is the daemon. */
  readonly mayLie: boolean;
  readonly install: string;
}

export const DOCKER: Dialect = {
  name: "docker",
  info: parseDockerInfo,
  run: ["--log-driver", "none"],
  gpu: ["--gpus", "all"],
  wait: ["wait"],
  mayLie: false,
  install: "Install docker and start its daemon, or set `runtime: podman`.",
};

export const PODMAN: Dialect = {
  name: "podman",
  info: parsePodmanInfo,
  // Its own writable /run and /var/tmp are left out: docker has none.
  run: ["--log-driver", "none", "--read-only-tmpfs=false"],
  gpu: ["--device", "nvidia.com/gpu=all"],
  wait: ["wait", "--interval", "500ms"],
  mayLie: true,
  install: "Install podman, or set `runtime: docker`.",
};
