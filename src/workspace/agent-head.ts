/**
 * Takes what an agent committed into a bare repository of the bot's, without git ever reading the agent's
 * `.git/config` or running there: HEAD is read here as a plain file, its objects are borrowed by a passing repository
 * of the bot's (the bridge), and fetched from that with every object checked.
 *
 * The agent may have written anything into `.git`. Links and alternates in it are refused, since they could name
 * another repository on this machine, whose content would then be pushed as the agent's work.
 */
import { constants } from "node:fs";
import { appendFile, type FileHandle, lstat, mkdir, open, opendir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Git, UNTRUSTED_CONFIG } from "./git.ts";
import { OverLimit } from "./limits.ts";
import { make } from "./mirror.ts";
import { weigh } from "./weigh.ts";

const SHA = /^[0-9a-f]{40}$/;
const MAX_REF_BYTES = 4 * 1024 * 1024;
const MAX_HOPS = 5;
/** Each would make git look for refs or objects elsewhere. */
const REDIRECTIONS = ["commondir", "objects/info/alternates", "objects/info/http-alternates", "shallow"];
/** A repository of an agent's with more files than this is not looked through. */
const MOST_ENTRIES = 1_000_000;
const DEEPEST = 64;

export interface TakeRequest {
  readonly git: Git;
  readonly checkout: string;
  /** The run's own repository; it has `base`. */
  readonly gitDir: string;
  readonly base: string;
  readonly signal: AbortSignal;
}

/**
 * The commit the agent left as HEAD, now in `gitDir`; null when its `.git` is missing, broken or not to be trusted,
 * or holds no commit. The caller then has the files alone. Refuses, with an OverLimit, what is too much.
 */
export async function takeHead({ git, checkout, gitDir, base, signal }: TakeRequest): Promise<string | null> {
  const agentGit = join(checkout, ".git");
  const sha = (await isPlain(agentGit)) ? await readHead(agentGit) : null;
  if (sha === null) return null;
  const bridge = `${gitDir}.bridge`;
  const objects = join(agentGit, "objects");
  const call = { cwd: gitDir, gitDir, signal, untrusted: true };
  try {
    await weigh(git, { ...call, env: { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(objects) } }, base, sha);
    await build(git, bridge, objects, sha);
    const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"] as const;
    const refspec = "+refs/heads/agent:refs/agent/head";
    const config = { "transfer.fsckObjects": "true" };
    await git(["fetch", ...flags, "--", bridge, refspec], { ...call, config });
    return sha;
  } catch (error) {
    // Objects are missing or malformed; unless we were told to stop, the files still count.
    signal.throwIfAborted();
    if (error instanceof OverLimit) throw error;
    return null;
  } finally {
    await rm(bridge, { recursive: true, force: true });
  }
}

/** As git reads its list of folders: one that is quoted may hold a colon. */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, "\\$&")}"`;
}

/** In the bridge's own file, since the other end of a fetch does not see what this end is told. */
function bridgeConfig(): string {
  return Object.entries(UNTRUSTED_CONFIG)
    .map(([key, value]) => {
      const [section, name] = key.split(".");
      return `[${section}]\n\t${name} = ${value}\n`;
    })
    .join("");
}

async function build(git: Git, bridge: string, objects: string, sha: string): Promise<void> {
  await rm(bridge, { recursive: true, force: true });
  await make(bridge, git);
  await appendFile(join(bridge, "config"), bridgeConfig());
  await mkdir(join(bridge, "objects", "info"), { recursive: true });
  await writeFile(join(bridge, "objects", "info", "alternates"), `${objects}\n`);
  await mkdir(join(bridge, "refs", "heads"), { recursive: true });
  await writeFile(join(bridge, "refs", "heads", "agent"), `${sha}\n`);
}

/** A real folder of real folders and files, as git makes it, that leads nowhere else. */
async function isPlain(agentGit: string): Promise<boolean> {
  if (!(await lstat(agentGit).catch(() => null))?.isDirectory()) return false;
  for (const path of REDIRECTIONS) {
    if ((await lstat(join(agentGit, path)).catch(() => null)) !== null) return false;
  }
  const room = { entries: MOST_ENTRIES };
  return (
    (await hasNoLinks(join(agentGit, "objects"), room, DEEPEST)) &&
    (await hasNoLinks(join(agentGit, "refs"), room, DEEPEST))
  );
}

/** False also for what can not be looked through: too much, too deep, or closed to us. */
async function hasNoLinks(dir: string, room: { entries: number }, deepest: number): Promise<boolean> {
  if (deepest === 0 || !(await lstat(dir).catch(() => null))?.isDirectory()) return false;
  try {
    for await (const entry of await opendir(dir)) {
      if (--room.entries < 0) return false;
      const plain = entry.isDirectory()
        ? await hasNoLinks(join(dir, entry.name), room, deepest - 1)
        : entry.isFile();
      if (!plain) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Follows HEAD through refs, loose or packed, to a commit's name. */
async function readHead(agentGit: string): Promise<string | null> {
  let text = await readPlain(join(agentGit, "HEAD"));
  for (let hop = 0; hop < MAX_HOPS && text !== null; hop++) {
    const value = text.trim();
    if (SHA.test(value)) return value;
    const [, ref] = /^ref: (refs\/[^\0]+)$/.exec(value) ?? [];
    if (!ref || ref.split("/").includes("..")) return null;
    text = (await readPlain(join(agentGit, ref))) ?? (await packed(agentGit, ref));
  }
  return null;
}

async function packed(agentGit: string, ref: string): Promise<string | null> {
  const text = (await readPlain(join(agentGit, "packed-refs"))) ?? "";
  const line = text.split("\n").find((candidate) => candidate.endsWith(` ${ref}`));
  return line?.split(" ")[0] ?? null;
}

async function readPlain(path: string): Promise<string | null> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    return stat.isFile() && stat.size <= MAX_REF_BYTES ? await file.readFile("utf8") : null;
  } catch {
    return null;
  } finally {
    await file?.close();
  }
}
