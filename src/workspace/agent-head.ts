/**
 * Takes what an agent committed into a bare repository of the bot's, without git ever reading the agent's
 * `.git/config` or running there: HEAD is read here as a plain file, its objects are borrowed by a passing repository
 * of the bot's (the bridge), and fetched from that with every object checked.
 *
 * The agent may have written anything into `.git`. Links and alternates in it are refused, since they could name
 * another repository on this machine, whose content would then be pushed as the agent's work.
 */
import { constants } from "node:fs";
import { appendFile, type FileHandle, lstat, mkdir, open, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Git } from "./git.ts";
import { make } from "./mirror.ts";

const SHA = /^[0-9a-f]{40}$/;
const MAX_REF_BYTES = 4 * 1024 * 1024;
const MAX_HOPS = 5;
/** Each would make git look for refs or objects elsewhere. */
const REDIRECTIONS = ["commondir", "objects/info/alternates", "objects/info/http-alternates", "shallow"];
/** In the bridge's own file, since the other end of a fetch does not see what this end is told. */
const BRIDGE_CONFIG = `
[core]
\t# The agent's indexes could lie about what its objects say.
\tcommitGraph = false
\tmultiPackIndex = false
[pack]
\tuseBitmaps = false
`;

/**
 * The commit the agent left as HEAD, now in `gitDir`; null when its `.git` is missing, broken or not to be trusted,
 * or holds no commit. The caller then has the files alone.
 */
export async function takeHead(
  git: Git,
  checkout: string,
  gitDir: string,
  signal: AbortSignal,
): Promise<string | null> {
  const agentGit = join(checkout, ".git");
  const sha = (await isPlain(agentGit)) ? await readHead(agentGit) : null;
  if (sha === null) return null;
  const bridge = `${gitDir}.bridge`;
  try {
    await build(git, bridge, join(agentGit, "objects"), sha);
    const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"] as const;
    const refspec = "+refs/heads/agent:refs/agent/head";
    await git(["fetch", ...flags, "--", bridge, refspec], {
      cwd: gitDir,
      gitDir,
      config: { "transfer.fsckObjects": "true" },
      signal,
    });
    return sha;
  } catch {
    // Objects are missing or malformed; unless we were told to stop, the files still count.
    signal.throwIfAborted();
    return null;
  } finally {
    await rm(bridge, { recursive: true, force: true });
  }
}

async function build(git: Git, bridge: string, objects: string, sha: string): Promise<void> {
  await rm(bridge, { recursive: true, force: true });
  await make(bridge, git);
  await appendFile(join(bridge, "config"), BRIDGE_CONFIG);
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
  return (await hasNoLinks(join(agentGit, "objects"))) && (await hasNoLinks(join(agentGit, "refs")));
}

async function hasNoLinks(dir: string): Promise<boolean> {
  if (!(await lstat(dir).catch(() => null))?.isDirectory()) return false;
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory() ? !(await hasNoLinks(join(dir, entry.name))) : !entry.isFile()) return false;
  }
  return true;
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
