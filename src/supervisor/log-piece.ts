/** Reads a part of a file that is still being written. */
import { open } from "node:fs/promises";

/** At most `most` bytes from byte `from` on, none when there are no more yet; null when there is no such file. */
export async function readPiece(file: string, from: number, most: number): Promise<Buffer | null> {
  const handle = await open(file, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    const length = Math.min(most, Math.max(0, size - from));
    if (length === 0) return Buffer.alloc(0);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
