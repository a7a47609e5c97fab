/**
 * What an agent left uncommitted, as a tree. Git runs with the bot's own GIT_DIR and index and only looks at the
 * files: no configuration, hook or filter driver of the agent's applies. Links are stored as links. Folders that are
 * repositories of their own are left out, and submodules stay as they were: to look into either, git would run in
 * them, under a configuration the agent wrote. `.gitignore` counts; BLOCKED.md does not (it is the agent's question).
 */
import { lstat } from "node:fs/promises";
import type { Git, GitAnswer } from "./git.ts";
import { refuseBigFile, refuseBigWork, refuseManyFiles } from "./limits.ts";
import { removeTraps } from "./traps.ts";

const QUESTION_FILE = "BLOCKED.md";
const NO_OBJECT = "0".repeat(40);

export interface EditsRequest {
  readonly git: Git;
  /** The bot's repository; holds `head` and `base`. */
  readonly gitDir: string;
  readonly checkout: string;
  readonly head: string;
  readonly base: string;
  readonly signal: AbortSignal;
}

type Index = (args: readonly [string, ...string[]], input?: Buffer) => Promise<GitAnswer>;

/** The tree of `head` with the files as they stand in the checkout. Refuses what is too much to publish. */
export async function treeWithEdits(request: EditsRequest): Promise<string> {
  const { git, gitDir, checkout, head, base, signal } = request;
  const call = {
    ...{ cwd: gitDir, gitDir, index: `${gitDir}/agent-index`, workTree: checkout },
    ...{ signal, untrusted: true },
  };
  const index: Index = (args, input) => git(args, { ...call, ...(input ? { input } : {}) });
  await removeTraps(checkout);
  await index(["read-tree", head]);
  const { present, gone } = await changes(index, checkout);
  await index(["update-index", "-z", "--index-info"], bytes([...gone, QUESTION_FILE].map(removal)));
  await index(["update-index", "-z", "--add", "--replace", "--stdin"], bytes(present));
  const question = await index(["ls-tree", "-z", base, "--", QUESTION_FILE]);
  await index(["update-index", "-z", "--index-info"], question.stdout);
  return (await index(["write-tree"])).text;
}

function removal(path: string): string {
  return `0 ${NO_OBJECT}\t${path}`;
}

async function changes(index: Index, checkout: string): Promise<{ present: string[]; gone: string[] }> {
  const submodules = new Set(await submodulePaths(index));
  const changed = await paths(index, ["ls-files", "-z", "--modified", "--deleted"]);
  const added = await paths(index, ["ls-files", "-z", "--others", "--exclude-standard"]);
  const contentSize = createContentSize(checkout);
  refuseManyFiles(new Set([...changed, ...added]).size);
  const present: string[] = [];
  const gone: string[] = [];
  let bytes = 0;
  for (const path of new Set([...changed, ...added])) {
    // A slash at the end marks a folder that is a repository of its own.
    if (path === QUESTION_FILE || path.endsWith("/") || submodules.has(path)) continue;
    const size = await contentSize(path);
    (size === null ? gone : present).push(path);
    bytes += size ?? 0;
    refuseBigWork(bytes);
  }
  return { present, gone };
}

/**
 * The size of content (a file, a link); null for what git cannot store: nothing, a folder, a pipe, or anything reached
 * through a link to a folder, which may lead out of the checkout.
 */
function createContentSize(checkout: string): (path: string) => Promise<number | null> {
  const real = new Map<string, Promise<boolean>>([["", Promise.resolve(true)]]);
  const stat = (path: string) => lstat(bytesOf(checkout, path)).catch(() => null);
  const isRealFolder = (path: string): Promise<boolean> => {
    const known = real.get(path);
    if (known) return known;
    const found = isRealFolder(parent(path)).then(
      async (inside) => inside && ((await stat(path))?.isDirectory() ?? false),
    );
    real.set(path, found);
    return found;
  };
  return async (path) => {
    if (!(await isRealFolder(parent(path)))) return null;
    const entry = await stat(path);
    if (!entry?.isFile() && !entry?.isSymbolicLink()) return null;
    refuseBigFile(path, entry.size);
    return entry.size;
  };
}

async function submodulePaths(index: Index): Promise<string[]> {
  const entries = await paths(index, ["ls-files", "-z", "--stage"]);
  return entries.filter((entry) => entry.startsWith("160000 ")).map((e) => e.slice(e.indexOf("\t") + 1));
}

/** Names of files are bytes and need not be UTF-8; Latin-1 keeps each byte as one character. */
async function paths(index: Index, args: readonly [string, ...string[]]): Promise<string[]> {
  return (await index(args)).stdout
    .toString("latin1")
    .split("\0")
    .filter((path) => path !== "");
}

function bytes(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\0`).join(""), "latin1");
}

function bytesOf(checkout: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${checkout}/`), Buffer.from(path, "latin1")]);
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
