/** Lists of GitHub's, row by row: one row of an unknown shape must not hide the others. */
import type { z } from "zod";
import { ForgeError } from "../../model/errors.ts";

/**
 * Adds to `troubles` what was left out. Throws a ForgeError when it is no list at all. `action` is what was being done.
 */
export function rowsOf<T extends z.ZodType>(
  shape: T,
  data: unknown,
  action: string,
  troubles: Set<string>,
): z.output<T>[] {
  if (!Array.isArray(data)) throw new ForgeError(`${action}: GitHub answered with no list`, 0, false);
  return data.flatMap((row: unknown) => {
    const read = shape.safeParse(row);
    if (read.success) return [read.data];
    const [issue] = read.error.issues;
    const problem = `${issue?.path.join(".") || "it"}: ${issue?.message}`;
    troubles.add(`${action}: left out what could not be read (${problem})`);
    return [];
  });
}
