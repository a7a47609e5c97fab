/** How far the forge was looked through. Times are the forge's own: its clock and ours may differ by hours. */
import { z } from "zod";

const time = z.iso.datetime({ offset: true });

const cursor = z.object({
  /** What happened from here on is looked for. */
  since: time,
  /** Where a look that became too long goes on, and the time at which it began. */
  stopped: z
    .object({
      until: time,
      repo: z.string(),
      list: z.enum(["issues", "comments"]),
      page: z.number().int().positive(),
      /** So many of the page's rows were read. */
      row: z.number().int().nonnegative().default(0),
      /** Why something of the repository before this place could not be read. */
      why: z.string().nullable().default(null),
    })
    .nullable(),
  /** Repositories that could not be read, by their names in small letters: since when, and why. */
  behind: z.record(z.string(), z.object({ since: time, why: z.string() })).default({}),
});

export type Cursor = z.infer<typeof cursor>;
/** A place in a repository: a row of a page of its changed issues, or of its changed comments. */
export type Place = Omit<NonNullable<Cursor["stopped"]>, "until" | "repo">;

/** Null when there is none yet, or none that this version can read: the look then only marks where to begin. */
export function readCursor(text: string | null): Cursor | null {
  if (text === null) return null;
  try {
    return cursor.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function writeCursor(place: Cursor): string {
  return JSON.stringify(place);
}
