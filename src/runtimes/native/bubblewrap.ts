/** Bubblewrap's arguments. Pure: what is to be seen and written comes from `view.ts` and `confine.ts`. */
import { dirname, sep } from "node:path";
import type { StartSpec } from "../runtime.ts";
import type { Mount } from "./view.ts";

export interface Sandbox {
  readonly network: StartSpec["network"];
  /** The user that the agent is made, by a program that begins as root; null: it stays who the server is. */
  readonly user: number | null;
  /** Each may lie in an earlier one. */
  readonly mounts: readonly Mount[];
  /** Null: the root. */
  readonly cwd: string | null;
}

/** No /run and no /var of the host's: that is where sockets of daemons are. */
const FRAME = [
  ...["--proc", "/proc", "--dev", "/dev", "--dir", "/run"],
  ...["--dir", "/var", "--symlink", "/run", "/var/run", "--symlink", "/tmp", "/var/tmp"],
];
/** What root keeps to enter the other's checkout and to become that other, who then has nothing. */
const BECOME = ["CAP_DAC_READ_SEARCH", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap((cap) => [
  "--cap-add",
  cap,
]);

export function bubblewrapArgs({ network, user, mounts, cwd }: Sandbox): readonly string[] {
  return [
    // Root is confined as another user instead: its namespace would need that user's rights to all that is mounted.
    ...(user === null ? ["--unshare-user-try"] : []),
    ...["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"],
    ...(network === "none" ? ["--unshare-net"] : []),
    ...["--new-session", "--die-with-parent", "--cap-drop", "ALL"],
    ...(user === null ? [] : BECOME),
    ...FRAME,
    ...writable("/tmp", user),
    // In its /dev, bubblewrap makes one for the user it runs as.
    ...(user === null ? [] : writable("/dev/shm", user)),
    ...mountArgs(mounts),
    // After everything is mounted, since mounting makes folders.
    ...[...mounts.filter(({ kind }) => kind === "hide").map(({ path }) => path), sep].flatMap(locked),
    ...(cwd === null ? [] : ["--chdir", cwd]),
    "--",
  ];
}

function writable(path: string, user: number | null): readonly string[] {
  return [...(user === null ? [] : ["--perms", "1777"]), "--tmpfs", path];
}

const locked = (path: string) => ["--remount-ro", path];

/** Bubblewrap makes the folders on the way itself, but for its own user only. */
function mountArgs(mounts: readonly Mount[]): readonly string[] {
  const made = new Set<string>();
  return mounts.flatMap((mount) => {
    const missing = parentsOf(mount.path).filter((folder) => !made.has(folder));
    for (const folder of missing) made.add(folder);
    return [...missing.flatMap((folder) => ["--dir", folder]), ...mountArg(mount)];
  });
}

function mountArg(mount: Mount): readonly string[] {
  if (mount.kind === "hide") return ["--tmpfs", mount.path];
  const flag = { show: "--ro-bind", write: "--bind", link: "--symlink" }[mount.kind];
  return [flag, mount.from, mount.path];
}

/** Outermost first, without the root. */
function parentsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === sep ? [] : [...parentsOf(parent), parent];
}
