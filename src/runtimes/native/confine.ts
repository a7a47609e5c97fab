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
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf, Refusal } from "../../model/errors.ts";
import type { RunFolders } from "../../model/folders.ts";
import { giveAll } from "../container/give.ts";
import type { StartSpec } from "../runtime.ts";
import { bubblewrapArgs, type Sandbox } from "./bubblewrap.ts";
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
  /** Whether agents can be confined here: really tried, until it works once. */
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
const OR_NOT = ", or set `confined: false`, which gives agents all rights of the server's user";
const PROBE = { env: {}, timeout: 10_000 };

/** `folder` is one of the runtime's own, for the accounts that agents see. Without options nothing is confined. */
export function createConfinement(options: ConfineOptions | null, folder: string): Confinement {
  const user = process.getuid?.() === 0 ? AGENT : null;
  const accounts = accountsIn(folder);
  let trial: Promise<Tried> | null = null;

  const prefix = async (sandbox: Omit<Sandbox, "user">) => {
    const bwrap = await toolOf("bwrap", "bubblewrap", options);
    const become = user === null ? [] : await becoming(user, options);
    return [bwrap, ...bubblewrapArgs({ ...sandbox, user }), ...become] as const;
  };

  const attempt = async (): Promise<Tried> => {
    const no = (why: string, fix: string) => ({ works: false, why, fix: `${fix}${OR_NOT}` }) as const;
    if (process.platform !== "linux") return no("bubblewrap is for Linux only", "use a container runtime");
    if (options === null) return no("nothing says which folders to hide", "use a container runtime");
    try {
      await writeAccounts(folder, user ?? process.getuid?.() ?? AGENT);
      const view = await viewOf({ ...options, program: null, args: [] });
      const [bwrap, ...args] = await prefix({ network: "none", mounts: [...view, ...accounts], cwd: null });
      await run(bwrap, [...args, "/bin/sh", "-c", ":"], PROBE);
      const { stdout } = await run(bwrap, ["--version"], PROBE);
      return { works: true, version: stdout.replace(/^\D*/, "").trim() };
    } catch (error) {
      if (error instanceof Refusal) return no(error.message, error.fix ?? "");
      return no(wordsOf(error), "allow it namespaces (see docs/operations.md)");
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
    async prefix({ env, argv, folders: { checkout, meta, home }, visible, network }, program) {
      const own = options?.own ?? [];
      const view = await viewOf({ path: env.PATH ?? "", own, program, args: argv.slice(1) });
      const seen = visible.map((path): Mount => ({ kind: "show", from: path, path }));
      const written = [checkout, meta, home].map((path): Mount => ({ kind: "write", from: path, path }));
      return await prefix({ network, mounts: [...view, ...accounts, ...seen, ...written], cwd: checkout });
    },
    async hand({ checkout, meta, home }) {
      if (user !== null) await giveAll([checkout, meta, home], { uid: user, gid: user });
    },
  };
}

async function toolOf(name: string, inPackage: string, options: ConfineOptions | null): Promise<string> {
  return await findProgram(name, options?.path, "/").catch(() => {
    throw new Refusal(`no executable ${name} on PATH`, `install ${inPackage} (apt-get install ${inPackage})`);
  });
}

async function becoming(user: number, options: ConfineOptions | null): Promise<readonly string[]> {
  const setpriv = await toolOf("setpriv", "util-linux", options);
  const ids = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return [setpriv, ...ids, "--inh-caps=-all", "--bounding-set=-all"];
}

function accountsIn(folder: string): readonly Mount[] {
  return ["passwd", "group"].map((name) => ({
    kind: "show",
    from: join(folder, name),
    path: `/etc/${name}`,
  }));
}

/** Programs ask for the name of their user; the host's accounts are none of an agent's business. */
async function writeAccounts(folder: string, user: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const others = [["root", 0] as const, ["nobody", 65_534] as const].filter(([, id]) => id !== user);
  const all = [...others, ["agent", user] as const];
  const write = async (name: string, line: (name: string, id: number) => string) => {
    const file = join(folder, name);
    await writeFile(file, all.map(([name, id]) => `${line(name, id)}\n`).join(""));
    // Whatever the server's umask.
    await chmod(file, 0o644);
  };
  await write("passwd", (name, id) => `${name}:x:${id}:${id}::/tmp:/bin/sh`);
  await write("group", (name, id) => `${name}:x:${id}:`);
}

/** Of a program that failed, its own last words. */
function wordsOf(error: unknown): string {
  const stderr = (error as { readonly stderr?: unknown }).stderr;
  const last = typeof stderr === "string" ? stderr.trim().split("\n").at(-1) : "";
  return last || messageOf(error);
}
