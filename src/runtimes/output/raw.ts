/**
 * Opens what stands in a run's `logs` folder for reading. The agent may have put anything there in place of the raw
 * files: a fifo would hang the server, a link would lead elsewhere. Only a regular file is read.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** No file, a link, a socket, a device without a driver, or a file in the place of the folder. */
const NO_FILE = ["ENOENT", "ELOOP", "ENXIO", "ENODEV", "ENOTDIR"];
/** A word of the shell and the exit code need some hundred bytes. */
const LONGEST_RECORD = 64 * 1024;

/** Null when there is no regular file. The caller closes it. */
export function openRaw(file: string): number | null {
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (NO_FILE.includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return null;
}

export interface ExitRecord {
  readonly text: string;
  /** Epoch milliseconds; null when there is no record. */
  readonly writtenAt: number | null;
}

const NO_RECORD: ExitRecord = { text: "", writtenAt: null };

/** An empty text when there is no record, or none that the waiting shell can have written. */
export function readExitRecord(file: string): ExitRecord {
  let fd: number | null = null;
  try {
    fd = openRaw(file);
    if (fd === null) return NO_RECORD;
    const { size, mtimeMs } = fstatSync(fd);
    if (size > LONGEST_RECORD) return NO_RECORD;
    const buffer = Buffer.alloc(size);
    const length = readSync(fd, buffer, 0, size, 0);
    return { text: buffer.toString("latin1", 0, length), writtenAt: Math.floor(mtimeMs) };
  } catch {
    return NO_RECORD;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
