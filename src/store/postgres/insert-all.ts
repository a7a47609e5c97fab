/** Many rows into one table, in batches of one statement each. */
import type { Transaction, Value } from "./transaction.ts";

/** A column's name, and what of a row goes into it. */
export type Column<Row> = readonly [name: string, value: (row: Row) => Value];

/** PostgreSQL takes 65,535 parameters in a statement. */
const MOST_PARAMETERS = 30_000;
const MOST_ROWS = 500;

/** Returns how many were written. Table and columns are ours, never someone's text. */
export async function insertAll<Row>(
  transaction: Transaction,
  table: string,
  rows: Iterable<Row> | AsyncIterable<Row>,
  columns: readonly Column<Row>[],
): Promise<number> {
  const most = Math.min(MOST_ROWS, Math.floor(MOST_PARAMETERS / columns.length));
  let batch: Row[] = [];
  let written = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    const tuple = (_: Row, at: number) =>
      `(${columns.map((_column, of) => `$${at * columns.length + of + 1}`).join(", ")})`;
    const names = columns.map(([name]) => name).join(", ");
    const values = batch.flatMap((row) => columns.map(([, value]) => value(row)));
    written += await transaction.run(
      `insert into ${table} (${names}) values ${batch.map(tuple).join(", ")}`,
      ...values,
    );
    batch = [];
  };
  for await (const row of rows) {
    batch.push(row);
    if (batch.length >= most) await flush();
  }
  await flush();
  return written;
}
