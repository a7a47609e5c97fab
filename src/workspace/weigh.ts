/** Weighs what an agent committed before any of it is unpacked: git knows sizes without reading contents. */
import type { Git, GitCall } from "./git.ts";
import { MAX_OBJECTS, refuseBigCommit, refuseBigFile, refuseBigWork, refuseManyObjects } from "./limits.ts";

const FORMAT = "--batch-check=%(objectsize) %(objecttype) %(rest)";

/** Everything from `head` on that `base` has not, at most so many objects. Refuses what is too much, with an OverLimit. */
export async function weigh(
  git: Git,
  call: GitCall,
  base: string,
  head: string,
  most = MAX_OBJECTS,
): Promise<void> {
  const list = await git(["rev-list", "--objects", head, `^${base}`], call);
  const lines = list.stdout.toString("latin1").split("\n");
  refuseManyObjects(lines.length - 1, most);
  const sizes = await git(["cat-file", FORMAT], { ...call, input: list.stdout });
  let bytes = 0;
  for (const line of sizes.stdout.toString("latin1").split("\n")) {
    const [size, type, ...path] = line.split(" ");
    if (type === "commit" || type === "tag") refuseBigCommit(Number(size));
    else if (type === "blob" || type === "tree") refuseBigFile(path.join(" "), Number(size));
    else continue;
    bytes += Number(size);
  }
  refuseBigWork(bytes);
}
