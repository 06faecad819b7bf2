import type { AsyncBuffer } from 'hyparquet';
import { isRecord } from '../../shared/recipe/issues.ts';
import { wholeOf, type SourceFile, type SourceRow } from './source.ts';

/** Rows of a Parquet file, a row group at a time. @throws where it is broken or cut off. */
export async function* parquetRows(source: SourceFile): AsyncGenerator<SourceRow> {
  // Few imports need it.
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file: AsyncBuffer = source.isGzipped ? await inMemory(source) : await asyncBufferFromFile(source.file);
  const orBroken = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      throw new Error(
        `${source.file}: expected Parquet, got a broken or cut off one (${error.message}): fetch it again`,
        { cause: error },
      );
    });
  const metadata = await orBroken(parquetMetadataAsync(file));
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    const rows = await orBroken(parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd }));
    for (const row of rows) yield { where: `row ${(rowStart += 1)}`, row: plainNumbers(row) as SourceRow['row'] };
    rowStart = rowEnd;
  }
}

async function inMemory(source: SourceFile): Promise<AsyncBuffer> {
  const { buffer, byteOffset, byteLength } = await wholeOf(source, 'unpack it with `gzip -d`');
  return {
    byteLength,
    slice: (start, end) => buffer.slice(byteOffset + start, byteOffset + (end ?? byteLength)) as ArrayBuffer,
  };
}

/** A value whose 64-bit numbers are numbers, or, where they are too large for that, texts. */
function plainNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plainNumbers);
  return isRecord(value) && Object.getPrototypeOf(value) === Object.prototype
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainNumbers(inner)]))
    : value;
}
