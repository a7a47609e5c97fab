/**
 * Removes what would make git wait for ever in a checkout: a `.gitignore` or `.gitattributes` that is a pipe, socket
 * or device, since git opens those by name. Everything else that is no file is passed over by git itself.
 */
import { readdir, rm } from "node:fs/promises";

const OPENED_BY_NAME = [".gitignore", ".gitattributes"];
const SLASH = Buffer.from("/");

/** Walks the checkout without following links; folders that cannot be read are git's to report. */
export async function removeTraps(checkout: string): Promise<void> {
  await walk(Buffer.from(checkout));
}

/** Names are bytes: one that is not UTF-8 must not hide a folder. */
async function walk(dir: Buffer): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true, encoding: "buffer" }).catch(() => []);
  for (const entry of entries) {
    const path = Buffer.concat([dir, SLASH, entry.name]);
    const name = entry.name.toString("latin1");
    if (entry.isDirectory()) {
      if (name !== ".git") await walk(path);
    } else if (!entry.isFile() && !entry.isSymbolicLink() && OPENED_BY_NAME.includes(name)) {
      await rm(path);
    }
  }
}
