/** The command lines of a container: pure, so that what an agent is held to can be read off them. */

import { containerName, labelsOf } from "../container/labels.ts";
import { INSIDE, LAUNCH, mountOption, mountsOf } from "../container/places.ts";
import type { StartSpec } from "../runtime.ts";
import type { Dialect } from "./dialects.ts";

/** Its own /tmp is memory, which counts as the agent's where that is limited; TMPDIR is on the disk. */
const TMP_BYTES = 1024 ** 3;

export interface RunOptions {
  readonly spec: StartSpec;
  /** Absolute, inside the image. */
  readonly program: string;
  /** By its id: what the name means may change between the look and the start. */
  readonly imageId: string;
  /** This worker's mark on its containers. */
  readonly owner: string;
  /** Who the agent is inside, and what the engine needs to be told for that. */
  readonly user: readonly string[];
  readonly dialect: Dialect;
}

/** Detached and kept after its end: it is inspected, then removed. */
export function runArguments(options: RunOptions): readonly string[] {
  const { spec, program, imageId, owner, dialect } = options;
  return [
    ...["run", "--detach", "--pull=never", "--name", containerName(spec)],
    ...labelsOf(spec, owner).flatMap((label) => ["--label", label]),
    ...confinement(options),
    ...limits(spec),
    ...(spec.network === "none" ? ["--network", "none"] : []),
    ...(spec.gpu ? dialect.gpu : []),
    ...mountsOf(spec).flatMap((mount) => ["--mount", mountOption(mount)]),
    ...["--workdir", INSIDE.checkout],
    ...["--entrypoint", "/bin/sh", imageId, `${LAUNCH}/start`, program, ...spec.argv.slice(1)],
  ];
}

/** Runs `script` in the image, held as an agent is and without any of its folders. */
export function lookArguments(
  { imageId, user, dialect }: Pick<RunOptions, "imageId" | "user" | "dialect">,
  script: string,
  args: readonly string[],
): readonly string[] {
  return [
    ...["run", "--rm", "--pull=never", "--network", "none"],
    ...confinement({ user, dialect }),
    ...["--entrypoint", "/bin/sh", imageId, "-c", script, "agent-dispatch", ...args],
  ];
}

function confinement({ user, dialect }: Pick<RunOptions, "user" | "dialect">): readonly string[] {
  return [
    ...["--init", "--read-only", ...dialect.run, "--cap-drop=ALL"],
    ...["--security-opt", "no-new-privileges", ...user],
    ...["--tmpfs", `/tmp:rw,exec,nosuid,size=${TMP_BYTES},mode=1777`],
  ];
}

/** `--memory` alone allows as much again of swap. */
function limits({ limits: { memoryBytes, cpus, pids } }: StartSpec): readonly string[] {
  return [
    ...(memoryBytes === null ? [] : ["--memory", `${memoryBytes}`, "--memory-swap", `${memoryBytes}`]),
    ...(cpus === null ? [] : ["--cpus", `${cpus}`]),
    ...(pids === null ? [] : ["--pids-limit", `${pids}`]),
  ];
}
