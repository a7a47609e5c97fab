/**
 * What the prompt tells of a repository: its own instructions for agents and the newest commits. Read from commits
 * in the bot's mirror, never from a checkout, and cut to a size a prompt can carry.
 */
import type { Git } from "./git.ts";

/** In this order: the first ones win when there is no room for all. */
const INSTRUCTION_FILES: readonly string[] = [
  "AGENTS.md",
  "CLAUDE.md",
  "GEMINI.md",
  ".github/copilot-instructions.md",
  "CONTRIBUTING.md",
];
const MAX_INSTRUCTION_BYTES = 32 * 1024;
const RECENT_COMMITS = "10";

export interface Instruction {
  readonly path: string;
  readonly text: string;
}

export interface RepositoryFacts {
  /** Subjects, newest first. */
  readonly recentCommits: readonly string[];
  /** 32 KiB in all; a file that does not fit whole is left out. */
  readonly instructions: readonly Instruction[];
  /** Where a pull request left the branch it is to be merged into; null elsewhere, and when it has no commit of its own. */
  readonly reviewFrom: string | null;
}

/**
 * `newest` is where the list of commits begins; instructions are read from `trusted`, if any; `into` is the tip of the
 * branch a pull request is to be merged into.
 */
export async function readFacts(
  git: Git,
  mirror: string,
  commits: { readonly newest: string; readonly trusted: string | null; readonly into: string | null },
  signal: AbortSignal,
): Promise<RepositoryFacts> {
  const call = { cwd: mirror, gitDir: mirror, signal };
  const { newest, trusted, into } = commits;
  const [log, tree, left] = await Promise.all([
    git(["log", "-n", RECENT_COMMITS, "--no-show-signature", "--format=%s", newest], call),
    trusted && git(["ls-tree", "-z", "-l", "--full-tree", trusted, "--", ...INSTRUCTION_FILES], call),
    // 1: they have no commit in common.
    into && git(["merge-base", into, newest], { ...call, accept: [1] }),
  ]);
  const recentCommits = log.text.split("\n").filter((subject) => subject !== "");
  return {
    recentCommits,
    instructions: tree ? await readInstructions(git, call, listed(tree.text)) : [],
    reviewFrom: left && left.text !== "" && left.text !== newest ? left.text : null,
  };
}

interface Listed {
  readonly path: string;
  readonly object: string;
  readonly bytes: number;
}

/** Regular files only: a link's blob is a path, and what it points to is most often another of these files. */
function listed(text: string): Listed[] {
  const lines = text.split("\0").map((line) => /^100\d+ blob (\w+) +(\d+)\t(.+)$/s.exec(line));
  const files = lines.flatMap((found) => {
    const [, object, bytes, path] = found ?? [];
    return object && path ? [{ path, object, bytes: Number(bytes) }] : [];
  });
  const rank = (file: Listed) => INSTRUCTION_FILES.indexOf(file.path);
  return files.sort((a, b) => rank(a) - rank(b));
}

async function readInstructions(
  git: Git,
  call: { readonly cwd: string; readonly gitDir: string; readonly signal: AbortSignal },
  files: readonly Listed[],
): Promise<Instruction[]> {
  const instructions: Instruction[] = [];
  let room = MAX_INSTRUCTION_BYTES;
  for (const { path, object, bytes } of files) {
    if (bytes > room) continue;
    room -= bytes;
    instructions.push({ path, text: (await git(["cat-file", "blob", object], call)).text });
  }
  return instructions;
}
