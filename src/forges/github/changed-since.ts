/**
 * Lists of what changed, oldest change first. The next part is asked for by the time the last one ended at: with
 * numbered pages, an edit or a deletion between two of them would move rows past the reader.
 */
interface Row {
  readonly updated_at: string;
}

export interface Part<T extends Row> {
  readonly rows: readonly T[];
  /** All that changed before is in `rows`; epoch milliseconds, Infinity when there is no more. */
  readonly until: number;
}

/** `size` is what GitHub gave, rows that could not be read included. */
export type ListPage<T extends Row> = (
  since: number,
  page: number,
) => Promise<{ readonly rows: readonly T[]; readonly size: number }>;

export const PAGE = 100;

/** One page, and more only while all of it changed in the same second. */
export async function partSince<T extends Row>(list: ListPage<T>, since: number): Promise<Part<T>> {
  const rows: T[] = [];
  for (let page = 1; ; page++) {
    const read = await list(since, page);
    rows.push(...read.rows);
    if (read.size < PAGE) return { rows, until: Number.POSITIVE_INFINITY };
    const last = rows.at(-1);
    if (last && Date.parse(last.updated_at) > since) return { rows, until: Date.parse(last.updated_at) };
  }
}
