/**
 * Removes what would make git wait for ever in a checkout: a `.gitignore` or `.gitattributes` that is a pipe, socket
 * or device, since git opens those by name. Everything else that is no file is passed over by git itself.
 */
import { opendir, rm } from "node:fs/promises";
import { tooMuch } from "./limits.ts";

const OPENED_BY_NAME = [".gitignore", ".gitattributes"];
const SLASH = Buffer.from("/");
/** Many times what a big project installs; the walk takes seconds. */
const MOST_ENTRIES = 2_000_000;

/** Walks the checkout without following links; folders that cannot be read are git's to report. */
export async function removeTraps(checkout: string): Promise<void> {
  const waiting = [Buffer.from(checkout)];
  let entries = 0;
  for (let dir = waiting.pop(); dir; dir = waiting.pop()) {
    for await (const { path, name, isFolder, isTrap } of entriesOf(dir)) {
      if (++entries > MOST_ENTRIES) throw tooMuch("looking through the checkout");
      if (isFolder && name !== ".git") waiting.push(path);
      if (isTrap) await rm(path);
    }
  }
}

/** Names are bytes: one that is not UTF-8 must not hide a folder. */
async function* entriesOf(dir: Buffer) {
  const folder = await opendir(dir, { encoding: "buffer" as BufferEncoding }).catch(() => null);
  if (folder === null) return;
  for await (const entry of folder) {
    const bytes = entry.name as unknown as Buffer;
    const name = bytes.toString("latin1");
    yield {
      path: Buffer.concat([dir, SLASH, bytes]),
      name,
      isFolder: entry.isDirectory(),
      isTrap:
        OPENED_BY_NAME.includes(name) && !entry.isDirectory() && !entry.isFile() && !entry.isSymbolicLink(),
    };
  }
}
