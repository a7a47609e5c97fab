/** How far the forge was looked through. Times are the forge's own: its clock and ours may differ by hours. */
import { z } from "zod";

const cursor = z.object({
  /** What happened from here on is looked for. */
  since: z.iso.datetime({ offset: true }),
  /** Where a look that became too long goes on, and the time at which it began. */
  stopped: z
    .object({
      until: z.iso.datetime({ offset: true }),
      repo: z.string(),
      list: z.enum(["issues", "comments"]),
      page: z.number().int().positive(),
    })
    .nullable(),
});

export type Cursor = z.infer<typeof cursor>;
/** A page of a repository's changed issues, or of its changed comments. */
export type Stop = Pick<NonNullable<Cursor["stopped"]>, "repo" | "list" | "page">;

/** Null when there is none yet, or none that this version can read: the look then only marks where to begin. */
export function readCursor(text: string | null): Cursor | null {
  if (text === null) return null;
  try {
    return cursor.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function writeCursor({ since, stopped }: Cursor): string {
  return JSON.stringify({ since, stopped });
}
