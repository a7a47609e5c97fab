/** Looks for the values of secrets in what a push would publish. */
import type { Git, GitCall } from "./git.ts";
import { createFinder, type Finder, needlesFor } from "./needles.ts";

const BATCH_BYTES = 32 * 1024 * 1024;

export interface SecretRequest {
  readonly git: Git;
  readonly gitDir: string;
  readonly base: string;
  readonly sha: string;
  /** What the work is pushed to: its name is published too. */
  readonly branch: string;
  readonly secrets: readonly string[];
}

/**
 * Where one of the values stands in what a push would add: a file's path, "the commit message …" or "the
 * branch's name". Looks at every version of every file and every name of one, and at every commit with its message and
 * the people it names, between base and sha, since all of them would be published; at values in all forms programs
 * commonly write them in. Null when there is none.
 */
export async function findSecret(request: SecretRequest): Promise<string | null> {
  const { git, gitDir, base, sha, branch } = request;
  const needles = needlesFor(request.secrets);
  if (needles.length === 0) return null;
  const holds = createFinder(needles);
  if (holds(Buffer.from(branch))) return "the branch's name";
  const call = { cwd: gitDir, gitDir, untrusted: true };
  // A file that was in the base already may have got a new name: then only this tells the whole of it.
  const names = await git(["diff-tree", "-r", "-z", "--name-only", "--no-renames", base, sha], call);
  const named = names.stdout.toString("latin1").split("\0");
  const secretName = named.find((name) => holds(Buffer.from(name, "latin1")));
  if (secretName !== undefined) return Buffer.from(secretName, "latin1").toString("utf8");
  const list = await git(["rev-list", "--objects", sha, `^${base}`], call);
  const entries = list.stdout.toString("latin1").split("\n").filter(Boolean).map(parseEntry);
  for (const batch of batches(await contentsOf(git, call, entries))) {
    const input = `${batch.map((entry) => entry.object).join("\n")}\n`;
    const { stdout } = await git(["cat-file", "--batch"], { ...call, input });
    const found = search(stdout, batch, holds);
    if (found) return found;
  }
  return null;
}

interface Entry {
  readonly object: string;
  /** Empty for commits and the topmost trees. */
  readonly path: string;
}
interface Content extends Entry {
  readonly type: "commit" | "tree" | "blob";
  readonly bytes: number;
}
type Call = Pick<GitCall, "cwd" | "gitDir" | "untrusted">;

function parseEntry(line: string): Entry {
  return { object: line.slice(0, 40), path: line.slice(41) };
}

/** A folder holds names, also of files whose content is none of the entries, since the base has it. */
async function contentsOf(git: Git, call: Call, entries: readonly Entry[]): Promise<Content[]> {
  const input = `${entries.map((entry) => entry.object).join("\n")}\n`;
  const { text } = await git(["cat-file", "--batch-check=%(objecttype) %(objectsize)"], { ...call, input });
  const lines = text.split("\n");
  return entries.flatMap((entry, at) => {
    const [type, bytes] = (lines[at] ?? "").split(" ");
    return type === "commit" || type === "tree" || type === "blob"
      ? [{ ...entry, type, bytes: Number(bytes) }]
      : [];
  });
}

/** Read in portions, so that a big change does not stand in memory at once. */
function* batches(entries: readonly Content[]): Generator<Content[]> {
  let batch: Content[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (batch.length > 0 && bytes + entry.bytes > BATCH_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += entry.bytes;
  }
  if (batch.length > 0) yield batch;
}

function search(output: Buffer, batch: readonly Content[], holds: Finder): string | null {
  let at = 0;
  for (const { object, type, path, bytes } of batch) {
    const start = output.indexOf(0x0a, at) + 1;
    const content = output.subarray(start, start + bytes);
    at = start + bytes + 1;
    const name = Buffer.from(path, "latin1");
    if (holds(content) || holds(name)) {
      if (type === "commit") return `the commit message of ${object.slice(0, 10)}`;
      return type === "tree" ? `a file's name in ${JSON.stringify(`/${name}`)}` : name.toString("utf8");
    }
  }
  return null;
}
