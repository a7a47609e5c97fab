/** The command lines for Apple's `container`: pure. It has no `--security-opt`, `--pids-limit` and `--log-driver`. */
import { containerName, labelsOf } from "../container/labels.ts";
import { INSIDE, LAUNCH, mountOption, mountsOf } from "../container/places.ts";
import type { StartSpec } from "../runtime.ts";

const MIB = 1024 ** 2;

export interface RunOptions {
  readonly spec: StartSpec;
  readonly image: string;
  /** Absolute, inside the image. */
  readonly program: string;
  readonly owner: string;
  /** The bot's own user: files are shared with the virtual machine under it. */
  readonly user: { readonly uid: number; readonly gid: number };
}

export function runArguments({ spec, image, program, owner, user }: RunOptions): readonly string[] {
  return [
    ...["run", "--detach", "--name", containerName(spec)],
    ...labelsOf(spec, owner).flatMap((label) => ["--label", label]),
    ...confinement(user),
    ...limits(spec),
    ...(spec.network === "none" ? ["--network", "none"] : []),
    ...mountsOf(spec).flatMap((mount) => ["--mount", mountOption(mount)]),
    ...["--workdir", INSIDE.checkout],
    ...["--entrypoint", "/bin/sh", image, `${LAUNCH}/start`, program, ...spec.argv.slice(1)],
  ];
}

/** Runs `script` in the image, held as an agent is and without any of its folders. */
export function lookArguments(
  { image, user }: Pick<RunOptions, "image" | "user">,
  script: string,
  args: readonly string[],
): readonly string[] {
  return [
    ...["run", "--rm", "--network", "none", ...confinement(user)],
    ...["--entrypoint", "/bin/sh", image, "-c", script, "agent-dispatch", ...args],
  ];
}

function confinement({ uid, gid }: RunOptions["user"]): readonly string[] {
  return ["--init", "--read-only", "--cap-drop", "ALL", "--user", `${uid}:${gid}`, "--tmpfs", "/tmp"];
}

/** Each container is a virtual machine: whole processors, and memory in MiB. */
function limits({ limits: { memoryBytes, cpus } }: StartSpec): readonly string[] {
  return [
    ...(memoryBytes === null ? [] : ["--memory", `${Math.ceil(memoryBytes / MIB)}M`]),
    ...(cpus === null ? [] : ["--cpus", `${Math.ceil(cpus)}`]),
  ];
}
