/**
 * Confines agents by bubblewrap: own mount, process, IPC and UTS namespaces, an own user namespace or another user, an
 * own network on demand, no capabilities, and of the host's files only what `view.ts` picks. Memory, processors and
 * processes are not limited by it.
 *
 * Where the server is root, bubblewrap mounts as root and the agent is made another user before it starts: a process of
 * root's that is only root no more within a user namespace could still read every file of root's that it sees. The
 * run's folders are given to that user.
 */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../model/errors.ts";
import type { RunFolders } from "../../model/folders.ts";
import type { StartSpec } from "../runtime.ts";
import { findProgram } from "./program.ts";
import { type Mount, viewOf } from "./view.ts";

const run = promisify(execFile);

export interface ConfineOptions {
  /** Where bubblewrap is looked for: the server's own PATH. */
  readonly path: string;
  /** Folders of the server and its user; no agent sees what is in them but programs. */
  readonly own: readonly string[];
}

export type Tried =
  | { readonly works: true; readonly version: string }
  | { readonly works: false; readonly why: string; readonly fix: string };

export interface Confinement {
  /** Whether agents can be confined here: really tried, once it works. */
  tried(): Promise<Tried>;
  /** What a command begins with to run confined; `program` is where the spec's program was found. */
  prefix(spec: StartSpec, program: string): Promise<readonly string[]>;
  /** Gives the run's folders to the user that agents are. */
  hand(folders: RunFolders): Promise<void>;
  /** The user that agents are, where that is another than the server's; else null. */
  readonly user: number | null;
}

/** Nobody's on any host: between systemd's dynamic users and `nobody`. */
const AGENT = 65_521;
const FIX =
  "install bubblewrap (apt-get install bubblewrap), or set `confined: false`, which gives agents all rights of the server's user";
const PROBE = { env: {}, timeout: 10_000 };

/** `folder` is one of the runtime's own, for the accounts that agents see. Null options: nobody asked to confine. */
export function createConfinement(options: ConfineOptions | null, folder: string): Confinement {
  const user = process.getuid?.() === 0 ? AGENT : null;
  const accounts = { passwd: join(folder, "passwd"), group: join(folder, "group") };
  let trial: Promise<Tried> | null = null;

  const bwrap = () => findProgram("bwrap", options?.path, "/");
  const sandbox = async (mounts: readonly string[], network: StartSpec["network"]) => {
    const drop = user === null ? [] : await dropTo(user, options?.path);
    return [await bwrap(), ...namespaces(network, user), ...mounts, "--", ...drop];
  };
  const frame = (view: readonly Mount[]) => [
    ...FRAME,
    ...writableTmp(user),
    ...view.flatMap(mountArgs),
    ...accountArgs(accounts),
  ];

  const attempt = async (): Promise<Tried> => {
    const no = (why: string) => ({ works: false, why, fix: FIX }) as const;
    if (process.platform !== "linux") return no("bubblewrap is for Linux only");
    if (options === null) return no("nothing says which folders to hide");
    try {
      const file = await bwrap();
      await writeAccounts(folder, accounts, user ?? process.getuid?.() ?? AGENT);
      const view = await viewOf({ ...options, program: null, args: [] });
      const [, ...args] = await sandbox([...frame(view), ...readOnly(view)], "none");
      await run(file, [...args, "/bin/sh", "-c", ":"], PROBE);
      const { stdout } = await run(file, ["--version"], PROBE);
      return { works: true, version: stdout.replace(/^\D*/, "").trim() };
    } catch (error) {
      return no(wordsOf(error));
    }
  };

  return {
    user,
    async tried() {
      trial ??= attempt();
      const found = await trial;
      // What is missing may be there the next time.
      if (!found.works) trial = null;
      return found;
    },
    async prefix({ env, argv, folders, visible, network }, program) {
      const own = options?.own ?? [];
      const view = await viewOf({ path: env.PATH ?? "", own, program, args: argv.slice(1) });
      const seen = visible.flatMap((path) => ["--ro-bind", path, path]);
      const written = [folders.checkout, folders.meta, folders.home].flatMap((path) => [
        "--bind",
        path,
        path,
      ]);
      const mounts = [...frame(view), ...seen, ...written, ...readOnly(view), "--chdir", folders.checkout];
      return await sandbox(mounts, network);
    },
    async hand({ checkout, meta, home }) {
      if (user === null) return;
      // As `chown` goes, it is not led out by a link, whatever an earlier attempt left; no agent of the run is alive.
      const chown = await findProgram("chown", options?.path, "/");
      await run(chown, ["-R", "-h", "-P", `${user}:${user}`, "--", checkout, meta, home], { env: {} });
    },
  };
}

function namespaces(network: StartSpec["network"], user: number | null): readonly string[] {
  const own = ["--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"];
  // Root keeps what it takes to become another, which gives up all; nothing is run before that.
  const become = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap((cap) => ["--cap-add", cap]);
  return [
    ...(user === null ? ["--unshare-user-try"] : []),
    ...own,
    ...(network === "none" ? ["--unshare-net"] : []),
    "--new-session",
    "--die-with-parent",
    ...["--cap-drop", "ALL"],
    ...(user === null ? [] : become),
  ];
}

async function dropTo(user: number, path: string | undefined): Promise<readonly string[]> {
  const setpriv = await findProgram("setpriv", path, "/");
  const ids = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return [setpriv, ...ids, "--inh-caps=-all", "--bounding-set=-all"];
}

/** No /run and no /var of the host's: that is where sockets of daemons are. */
const FRAME = ["--proc", "/proc", "--dev", "/dev", "--dir", "/run", "--symlink", "/run", "/var/run"];

function writableTmp(user: number | null): readonly string[] {
  const open = user === null ? [] : ["--perms", "1777"];
  const shm = user === null ? [] : [...open, "--tmpfs", "/dev/shm"];
  return [...open, "--tmpfs", "/tmp", "--symlink", "/tmp", "/var/tmp", ...shm];
}

function mountArgs(mount: Mount): readonly string[] {
  if (mount.kind === "hide") return ["--tmpfs", mount.path];
  return [mount.kind === "show" ? "--ro-bind" : "--symlink", mount.from, mount.path];
}

/** After everything is mounted, since mounting makes folders. */
function readOnly(view: readonly Mount[]): readonly string[] {
  const hidden = view.filter(({ kind }) => kind === "hide").map(({ path }) => path);
  return [...hidden, "/"].flatMap((path) => ["--remount-ro", path]);
}

function accountArgs({ passwd, group }: { readonly passwd: string; readonly group: string }) {
  return ["--ro-bind", passwd, "/etc/passwd", "--ro-bind", group, "/etc/group"];
}

/** Programs ask for the name of their user; the host's accounts are none of an agent's business. */
async function writeAccounts(
  folder: string,
  { passwd, group }: { readonly passwd: string; readonly group: string },
  user: number,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const others = [["root", 0] as const, ["nobody", 65_534] as const].filter(([, id]) => id !== user);
  const all = [...others, ["agent", user] as const];
  const write = (file: string, line: (name: string, id: number) => string) =>
    writeFile(file, all.map(([name, id]) => `${line(name, id)}\n`).join(""), { mode: 0o644 });
  await write(passwd, (name, id) => `${name}:x:${id}:${id}::/tmp:/bin/sh`);
  await write(group, (name, id) => `${name}:x:${id}:`);
}

/** Of a program that failed, its own last words; else what was missing. */
function wordsOf(error: unknown): string {
  const stderr = (error as { readonly stderr?: unknown }).stderr;
  const last = typeof stderr === "string" ? stderr.trim().split("\n").at(-1) : "";
  return last || messageOf(error);
}
