import { isUtf8 } from 'node:buffer';

/** A line of a file: its bytes without the newline, and where it stands. */
export interface FileLine {
  readonly bytes: Buffer;
  readonly offset: number;
  /** From 1. */
  readonly number: number;
  /** False for a last line without a newline. */
  readonly ended: boolean;
}

const NEWLINE = 0x0a;

/**
 * Splits at `\n` and nowhere else, and says where each line stands and whether it is whole: what repair needs.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<FileLine> {
  for await (const block of lineBlocksOf(chunks)) yield* block;
}

/** The same, those that end in one chunk together: a million lines take no million promises. */
export async function* lineBlocksOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<FileLine[]> {
  let rest: Buffer[] = [];
  let offset = 0;
  let number = 0;
  const take = (last: Buffer, ended: boolean): FileLine => {
    const bytes = rest.length === 0 ? last : Buffer.concat([...rest, last]);
    rest = [];
    number += 1;
    const line = { bytes, offset, number, ended };
    offset += bytes.length + (ended ? 1 : 0);
    return line;
  };
  for await (const chunk of chunks) {
    const block: FileLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      block.push(take(chunk.subarray(start, end), true));
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    yield block;
  }
  if (rest.length > 0) yield [take(Buffer.alloc(0), false)];
}

const BOM = '\ufeff';

/**
 * The text of a person's file, or of a line of it, without a byte order mark.
 * @param where for the message.
 * @throws when it is not UTF-8, naming UTF-16 where it is that.
 */
export function textOf(bytes: Buffer, where: string): string {
  const isWide = /^(?:fffe|feff|00..00|..00..00)/.test(bytes.toString('hex', 0, 4));
  if (isWide) throw new Error(`${where}: expected UTF-8, got UTF-16 or UTF-32: save the file as UTF-8`);
  if (!isUtf8(bytes)) {
    const before = bytes.toString('utf8').indexOf('\ufffd');
    throw new Error(
      `${where}: expected UTF-8, got other bytes after ${before} characters: convert the file, such as with ` +
        '`iconv -f latin1 -t utf-8`',
    );
  }
  const text = bytes.toString('utf8');
  return text.startsWith(BOM) ? text.slice(1) : text;
}

/** Puts short texts together, so that not every one of them is a write. */
export async function* inBlocks(texts: AsyncIterable<string>, characters = 64 * 1024): AsyncGenerator<string> {
  let block = '';
  for await (const text of texts) {
    block += text;
    if (block.length < characters) continue;
    yield block;
    block = '';
  }
  yield block;
}
