/**
 * What of an agent's work is too much to look at or to publish, and the words for it. The work is refused then, and
 * stays in its workspace. Whatever git reads of an agent's is bounded in time and memory besides (`git.ts`).
 */
import { Refusal } from "../model/errors.ts";

const MiB = 1024 * 1024;
const MAX_FILES = 10_000;
const MAX_BLOB_BYTES = 100 * MiB;
/** A commit is a few lines; git holds it in memory whole. */
const MAX_COMMIT_BYTES = MiB;
/** Of everything together, unpacked: what a few kilobytes unfold to counts as what it is. */
const MAX_WORK_BYTES = 1024 * MiB;
/** Versions of files and folders, and commits. */
export const MAX_OBJECTS = 200_000;
/** Bytes: the names of a million files. */
export const MOST_NAMES = 64 * MiB;

/** The work goes beyond what a person could want published. */
export class OverLimit extends Refusal {}

const SMALLER = "Ask for the work in a smaller form. It is kept in the run's workspace until then.";

export function refuseManyFiles(count: number): void {
  if (count <= MAX_FILES) return;
  throw new OverLimit(
    `collecting the work: ${count.toLocaleString("en")} changed files are more than ${MAX_FILES.toLocaleString("en")}`,
    "List what is built or installed in .gitignore, then /dispatch retry.",
  );
}

export function refuseManyObjects(count: number, most: number): void {
  if (count <= most) return;
  const [many, limit] = [count, most].map((n) => n.toLocaleString("en"));
  throw new OverLimit(`collecting the work: its history has ${many} objects, more than ${limit}`, SMALLER);
}

/** `path` as Latin-1: names are bytes. */
export function refuseBigFile(path: string, bytes: number): void {
  if (bytes <= MAX_BLOB_BYTES) return;
  throw new OverLimit(
    `collecting the work: ${JSON.stringify(Buffer.from(path, "latin1").toString("utf8"))} is over 100 MB`,
    "Ask for the work without it, or list it in .gitignore.",
  );
}

export function refuseBigCommit(bytes: number): void {
  if (bytes <= MAX_COMMIT_BYTES) return;
  throw new OverLimit("collecting the work: a commit's message is over 1 MB", SMALLER);
}

export function refuseBigWork(bytes: number): void {
  if (bytes <= MAX_WORK_BYTES) return;
  throw new OverLimit("collecting the work: its files, in all their versions, are over 1 GB", SMALLER);
}

/** Git was stopped at a limit of time, memory or output while it read what an agent left. */
export function tooMuch(action: string): OverLimit {
  return new OverLimit(`${action}: what the agent left takes too much time or memory to read`, SMALLER);
}
