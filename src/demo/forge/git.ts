/** The local forge's repositories on disk, at `<root>/<owner>/<name>.git`. Runs git only on them, never on a work tree. */
import { execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

export interface NewCommit {
  readonly branch: string;
  /** A branch to start from when `branch` does not exist; null starts without a parent. */
  readonly from: string | null;
  readonly files: Readonly<Record<string, string>>;
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Epoch milliseconds. */
  readonly at: number;
}

const run = promisify(execFile);
const MAX_OUTPUT = 64 * 1024 * 1024;
const ENV = {
  PATH: "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

export function repoDir(root: string, owner: string, name: string): string {
  return join(root, owner, `${name}.git`);
}

async function git(dir: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("git", ["--git-dir", dir, ...args], { env: ENV, maxBuffer: MAX_OUTPUT });
  return stdout;
}

export async function initRepo(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", dir], { env: ENV });
}

export async function copyRepo(from: string, to: string): Promise<void> {
  await run("git", ["clone", "--quiet", "--bare", "--no-hardlinks", from, to], { env: ENV });
}

/** Adds one commit; returns its id. */
export async function commitFiles(dir: string, commit: NewCommit): Promise<string> {
  const parent = (await shaOf(dir, commit.branch)) ?? (commit.from ? await shaOf(dir, commit.from) : null);
  const who = `${commit.author.name} <${commit.author.email}> ${Math.floor(commit.at / 1000)} +0000`;
  const stream = [`commit refs/heads/${commit.branch}\ncommitter ${who}\n`, data(commit.message)];
  if (parent !== null) stream.push(`from ${parent}\n`);
  for (const [path, content] of Object.entries(commit.files)) {
    stream.push(`M 100644 inline ${JSON.stringify(path)}\n`, data(content));
  }
  const child = spawn("git", ["--git-dir", dir, "fast-import", "--quiet"], { env: ENV });
  child.stdin.end(stream.join(""));
  const [complaint, code] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  if (code !== 0) throw new Error(`git fast-import ended with ${code}: ${complaint.slice(0, 500)}`);
  return (await git(dir, "rev-parse", `refs/heads/${commit.branch}`)).trim();
}

function data(content: string): string {
  return `data ${Buffer.byteLength(content)}\n${content}\n`;
}

/** The commit of a branch, or null. */
export async function shaOf(dir: string, branch: string): Promise<string | null> {
  return (await branchesOf(dir)).get(branch) ?? null;
}

/** Branch → commit. */
export async function branchesOf(dir: string): Promise<Map<string, string>> {
  const lines = await git(dir, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads");
  const pairs = lines.split("\n").filter((line) => line !== "");
  return new Map(
    pairs.map((line) => [line.slice(line.indexOf(" ") + "refs/heads/".length + 1), line.split(" ")[0] ?? ""]),
  );
}

/** A file's bytes at a branch or commit; null when there is none or it is no file. */
export async function readAt(dir: string, ref: string, path: string): Promise<Buffer | null> {
  try {
    const args = ["--git-dir", dir, "cat-file", "blob", `${ref}:${path}`];
    const { stdout } = await run("git", args, { env: ENV, encoding: "buffer", maxBuffer: MAX_OUTPUT });
    return stdout;
  } catch {
    return null;
  }
}

/** Brings the head of pull request `number` into the base's repository, as `refs/pull/<number>/head`. */
export async function fetchPullHead(
  baseDir: string,
  headDir: string,
  head: string,
  number: number,
): Promise<void> {
  await git(baseDir, "fetch", "--quiet", headDir, `+refs/heads/${head}:refs/pull/${number}/head`);
}

/** What the pull request changes since it left its base. */
export async function pullDiff(baseDir: string, base: string, number: number): Promise<string> {
  return git(baseDir, "diff", "--no-color", "--no-ext-diff", `refs/heads/${base}...refs/pull/${number}/head`);
}
