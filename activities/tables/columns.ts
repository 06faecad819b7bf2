/** A column of a table that people load: what it is called, of what type it is, and what it says of a row. */
export interface Column<Row> {
  readonly name: string;
  /** `whole` and `decimal` are numbers of 64 bits. */
  readonly type: 'text' | 'whole' | 'decimal' | 'truth';
  /** Undefined where the row has none. */
  readonly of: (row: Row) => string | number | boolean | undefined;
}

/**
 * A row as a line of JSON: the same fields in the same order in all, null where a row has none. Decimals have their
 * point, so that no reader takes a column of scores for whole numbers.
 */
export function lineOf<Row>(columns: readonly Column<Row>[], row: Row): string {
  const fields = columns.map(({ name, type, of }) => {
    const value = of(row);
    const isWhole = type === 'decimal' && Number.isInteger(value);
    return `${JSON.stringify(name)}:${isWhole ? `${String(value)}.0` : JSON.stringify(value ?? null)}`;
  });
  return `{${fields.join(',')}}\n`;
}

/**
 * Rows in their order, but those come first in which a column has its first value: readers that infer a column's type
 * from a file's beginning find one there.
 * @param rows gives the same rows each time.
 */
export async function* filledFirst<Row>(
  columns: readonly Column<Row>[],
  rows: () => AsyncIterable<Row>,
): AsyncGenerator<Row> {
  const first = new Set<number>();
  const missing = new Set(columns);
  let at = 0;
  for await (const row of rows()) {
    for (const column of missing) if (column.of(row) !== undefined && missing.delete(column)) first.add(at);
    if (missing.size === 0) break;
    at += 1;
  }
  at = 0;
  for await (const row of rows()) {
    if (at > Math.max(...first)) break;
    if (first.has(at)) yield row;
    at += 1;
  }
  at = 0;
  for await (const row of rows()) {
    if (!first.has(at)) yield row;
    at += 1;
  }
}
