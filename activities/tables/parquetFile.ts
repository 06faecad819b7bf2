import type { BasicType } from 'hyparquet-writer';
import type { Column } from './columns.ts';

/** Rows of a group: what is held in memory at once. Ours. */
const GROUP = 256;

const TYPES: Readonly<Record<Column<unknown>['type'], BasicType>> = {
  text: 'STRING',
  whole: 'INT64',
  decimal: 'DOUBLE',
  truth: 'BOOLEAN',
};

/** A Parquet file of the rows, packed by Snappy, a group at a time. */
export async function* parquetFile<Row>(
  columns: readonly Column<Row>[],
  rows: AsyncIterable<Row>,
): AsyncGenerator<Uint8Array> {
  // Few processes need it.
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  const written = (): Uint8Array => {
    const chunk = bytes.getBytes().slice();
    bytes.index = 0;
    return chunk;
  };
  const data = (group: readonly Row[]) =>
    columns.map(({ name, type, of }) => ({
      name,
      type: TYPES[type],
      data: group.map((row) => {
        const value = of(row) ?? null;
        return type === 'whole' && value !== null ? BigInt(value) : value;
      }),
    }));
  const file = new ParquetWriter({ writer: bytes, schema: schemaFromColumnData({ columnData: data([]) }) });
  let group: Row[] = [];
  const write = async (): Promise<Uint8Array> => {
    await file.write({ columnData: data(group), rowGroupSize: GROUP });
    group = [];
    return written();
  };
  for await (const row of rows) if (group.push(row) === GROUP) yield await write();
  if (group.length > 0) yield await write();
  await file.finish();
  yield written();
}
