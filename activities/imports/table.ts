import { pipeline, Readable } from 'node:stream';
import { parse, type CsvError, type Info } from 'csv-parse';
import { textIn, type SourceFile, type SourceRow } from './source.ts';

interface Parsed {
  readonly record: Readonly<Record<string, string>>;
  readonly info: Info;
}

/** Between the columns of a table, as its first line has them; undefined where that has one column. */
export function delimiterOf(header: string): string | undefined {
  const unquoted = header.replaceAll(/"[^"]*"/g, '');
  const count = (delimiter: string) => unquoted.split(delimiter).length - 1;
  const [most = ''] = ['\t', ',', ';'].sort((one, other) => count(other) - count(one));
  return count(most) > 0 ? most : undefined;
}

/**
 * Rows of a table whose first line names its columns.
 * @throws at a row of other columns or a quote that nothing closes, naming the line.
 */
export async function* tableRows(source: SourceFile, delimiter: string): AsyncGenerator<SourceRow> {
  const { file } = source;
  const parser = parse({
    bom: true,
    columns: (header: string[]) => columnsOf(header, file),
    delimiter,
    info: true,
    skip_empty_lines: true,
    // Many who write tabs mean quotes as characters.
    relax_quotes: delimiter === '\t',
  });
  pipeline(Readable.from(textIn(source)), parser, () => undefined); // an error comes out of the parser, too
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const within = Object.values(record).reduce((lines, value) => lines + value.split('\n').length - 1, 0);
      yield { where: `line ${info.lines - within}`, row: record };
    }
  } catch (error) {
    const { code, message } = error as CsvError;
    if (!/^(CSV_|INVALID_OPENING_QUOTE)/.test(code)) throw error;
    throw new Error(`${file}: expected a table whose rows have the columns that its first line names: ${message}`, {
      cause: error,
    });
  }
}

function columnsOf(header: readonly string[], file: string): string[] {
  const names = header.map((name) => name.trim());
  const twice = names.find((name, at) => name !== '' && names.indexOf(name) < at);
  if (twice !== undefined)
    throw new Error(`${file} line 1: expected a name of its own for each column, got ${JSON.stringify(twice)} twice`);
  return names;
}
