/**
 * What a confined agent sees of the host's files, all of it read-only: the system's programs, a few files of /etc,
 * the folders on PATH, and what the agent's own program consists of. Folders of the server's own are hidden where they
 * lie below one of these; programs within them are shown all the same (a Node in the user's home, say).
 */
import { lstat, open, realpath } from "node:fs/promises";
import { basename, delimiter, dirname, isAbsolute, join, sep } from "node:path";
import { findProgram } from "./program.ts";

export type Mount =
  | { readonly kind: "show"; readonly from: string; readonly path: string }
  | { readonly kind: "write"; readonly from: string; readonly path: string }
  | { readonly kind: "link"; readonly from: string; readonly path: string }
  | { readonly kind: "hide"; readonly path: string };

type Seen = Exclude<Mount, { readonly kind: "write" }>;

export interface ViewRequest {
  /** The agent's own PATH. */
  readonly path: string;
  /** Folders that are not seen. */
  readonly own: readonly string[];
  /** Absolute; null when there is none. */
  readonly program: string | null;
  /** Its arguments: one may name another program on PATH, that it is to start. Paths in them count for nothing. */
  readonly args: readonly string[];
}

const SYSTEM = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/opt",
  "/nix/store",
  "/gnu/store",
];
/** Names, certificates, the linker's: what programs ask for. No accounts, no keys, no settings of other services. */
const ETC = [
  ...[
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "debian_version",
    "fonts",
  ],
  ...[
    "gai.conf",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "lsb-release",
  ],
  ...[
    "magic",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
  ],
  ...["pki/tls/openssl.cnf", "protocols", "resolv.conf", "services", "ssl/cert.pem", "ssl/certs"],
  ...["ssl/openssl.cnf", "terminfo", "timezone"],
];
/** A script's interpreter may be a script. */
const MOST_SCRIPTS = 4;
/** A program that starts another names it early. */
const MOST_NAMES = 16;

/** In the order in which they are to be mounted. */
export async function viewOf({ path, own, program, args }: ViewRequest): Promise<readonly Mount[]> {
  const hidden = await realFolders(own);
  const searched = path.split(delimiter).filter((folder) => isAbsolute(folder));
  const files = [...(program === null ? [] : [program]), ...(await programsIn(args, path))];
  const parts = await Promise.all(files.map((file) => partsOf(file, path, hidden)));
  const wanted = new Set([...SYSTEM, ...searched.flatMap(withLibraries), ...parts.flat()]);
  const found = (await Promise.all([...wanted].map(real))).flat();
  // A folder on PATH may be the user's home itself, or the root.
  const shown = found.filter(
    ({ from }) => from !== sep && !(hidden.includes(from) && !SYSTEM.includes(from)),
  );
  const hides = hidden.map((folder): Seen => ({ kind: "hide", path: folder }));
  return [...inOrder([...shown, ...hides]), ...(await etc())];
}

async function programsIn(args: readonly string[], path: string): Promise<readonly string[]> {
  const names = args.slice(0, MOST_NAMES).filter((arg) => /^\w[\w.-]{0,63}$/.test(arg));
  const found = await Promise.all(names.map((name) => findProgram(name, path, sep).catch(() => null)));
  return found.filter((file) => file !== null);
}

type Found = Extract<Mount, { readonly kind: "show" | "link" }>;

/** Where something is, and a link to it where the path asked for leads elsewhere. */
async function real(path: string): Promise<readonly Found[]> {
  const from = await realpath(path).catch(() => null);
  if (from === null) return [];
  const shown = { kind: "show", from, path: from } as const;
  return from === path ? [shown] : [shown, { kind: "link", from, path }];
}

/** The root itself is no folder that could be hidden. */
async function realFolders(folders: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(folders.map((folder) => realpath(folder).catch(() => null)));
  return [...new Set(found.filter((folder) => folder !== null))].filter((folder) => folder !== sep);
}

/** Outer ones first; what an outer one shows or hides already is left out. */
function inOrder(mounts: readonly Seen[]): readonly Seen[] {
  const rank = { show: 0, link: 1, hide: 2 };
  const sorted = [...mounts].sort(
    (a, b) => depth(a.path) - depth(b.path) || rank[a.kind] - rank[b.kind] || a.path.localeCompare(b.path),
  );
  const kept: Seen[] = [];
  for (const mount of sorted) {
    const outer = kept.findLast(({ path }) => isWithin(mount.path, path));
    if (mount.kind === "hide" ? outer?.kind === "show" : !outer || outer.kind === "hide") kept.push(mount);
  }
  return kept;
}

async function etc(): Promise<readonly Mount[]> {
  const found = await Promise.all(
    ETC.map(async (name): Promise<Mount | null> => {
      const path = join("/etc", name);
      const from = await realpath(path).catch(() => null);
      return from === null ? null : { kind: "show", from, path };
    }),
  );
  return found.filter((mount) => mount !== null);
}

/** What a program consists of: its file, what it comes with, and the same of the interpreter that a script names. */
async function partsOf(
  file: string,
  path: string,
  hidden: readonly string[],
  left = MOST_SCRIPTS,
): Promise<readonly string[]> {
  const target = await realpath(file).catch(() => null);
  if (target === null || !(await lstat(target)).isFile()) return [];
  const parts = [file, target].flatMap((one) => [one, ...besides(one)]);
  const interpreter = left > 0 ? await interpreterOf(target, path) : null;
  const more = interpreter === null ? [] : await partsOf(interpreter, path, hidden, left - 1);
  return [...parts.filter((part) => !hidden.some((folder) => isWithin(folder, part))), ...more];
}

/** All of the packages beside one from npm, since they need each other; else the folder a program lies in. */
function besides(file: string): readonly string[] {
  const packages = /^.*?\/(?:node_modules|\.pnpm)(?=\/)/.exec(file);
  if (packages) return [packages[0]];
  const folder = dirname(file);
  const environment = basename(folder) === "bin" ? [join(dirname(folder), "pyvenv.cfg")] : [];
  return [...withLibraries(folder), ...environment];
}

/** `lib` beside `bin` holds what the programs there load: npm itself, for one. */
function withLibraries(folder: string): readonly string[] {
  return basename(folder) === "bin" ? [folder, join(dirname(folder), "lib")] : [folder];
}

async function interpreterOf(file: string, path: string): Promise<string | null> {
  const [, program, argument] = /^#! *(\S+)(?: +(?:-S +)?(\S+))?/.exec(await headOf(file)) ?? [];
  if (program === undefined || !isAbsolute(program)) return null;
  if (basename(program) !== "env" || argument === undefined) return program;
  return await findProgram(argument, path, sep).catch(() => null);
}

async function headOf(file: string): Promise<string> {
  const handle = await open(file, "r").catch(() => null);
  if (handle === null) return "";
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

const depth = (path: string): number => path.split(sep).filter((step) => step !== "").length;

/** True also for the folder itself. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
