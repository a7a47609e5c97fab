/**
 * The agent's way to ask: a file BLOCKED.md in its checkout. The agent may have put anything there, so only a regular
 * file counts, no link is followed, no pipe waited for, and no more is read than a question needs.
 */
import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";

const FILE = "BLOCKED.md";
const MAX_BYTES = 64 * 1024;
/** What it means to open a link with O_NOFOLLOW, a folder, a socket, or nothing. */
const NO_QUESTION = ["ENOENT", "ENOTDIR", "ELOOP", "EMLINK", "EISDIR", "ENXIO", "EACCES"];

/** The text the agent left, trimmed, 64 KiB at most; null when there is none or it is blank. */
export async function readQuestion(checkout: string): Promise<string | null> {
  let file: FileHandle | null = null;
  try {
    file = await open(join(checkout, FILE), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString("utf8", 0, bytesRead).trim() || null;
  } catch (error) {
    if (NO_QUESTION.includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  } finally {
    await file?.close();
  }
}

/** Takes away an earlier attempt's question, whatever kind of thing it is; nothing there is fine. */
export async function clearQuestion(checkout: string): Promise<void> {
  await rm(join(checkout, FILE), { recursive: true, force: true });
}
