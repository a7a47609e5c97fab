/** Looks for the values of secrets in what a push would publish. */
import type { Git } from "./git.ts";
import { createFinder, type Finder, needlesFor } from "./needles.ts";

const BATCH_BYTES = 32 * 1024 * 1024;

export interface SecretRequest {
  readonly git: Git;
  readonly gitDir: string;
  readonly base: string;
  readonly sha: string;
  readonly secrets: readonly string[];
}

/**
 * Where one of the values stands in what a push would add: a file's path, or "the commit message …". Looks at every
 * version of every file and at every message between base and sha, since all of them would be published; at values
 * in all forms programs commonly write them in. Null when there is none.
 */
export async function findSecret(request: SecretRequest): Promise<string | null> {
  const { git, gitDir, base, sha } = request;
  const needles = needlesFor(request.secrets);
  if (needles.length === 0) return null;
  const holds = createFinder(needles);
  const call = { cwd: gitDir, gitDir };
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
  readonly type: "commit" | "blob";
  readonly bytes: number;
}
type Call = { readonly cwd: string; readonly gitDir: string };

function parseEntry(line: string): Entry {
  return { object: line.slice(0, 40), path: line.slice(41) };
}

/** The commits and files among them; trees hold only names, which the entries have too. */
async function contentsOf(git: Git, call: Call, entries: readonly Entry[]): Promise<Content[]> {
  const input = `${entries.map((entry) => entry.object).join("\n")}\n`;
  const { text } = await git(["cat-file", "--batch-check=%(objecttype) %(objectsize)"], { ...call, input });
  const lines = text.split("\n");
  return entries.flatMap((entry, at) => {
    const [type, bytes] = (lines[at] ?? "").split(" ");
    return type === "commit" || type === "blob" ? [{ ...entry, type, bytes: Number(bytes) }] : [];
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
      return type === "commit" ? `the commit message of ${object.slice(0, 10)}` : name.toString("utf8");
    }
  }
  return null;
}
