import { open, stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { textOf } from '../store/lines.ts';

/** A person's file, unpacked where it was packed. */
export interface SourceFile {
  readonly file: string;
  /** What it is to hold, such as `problems`. */
  readonly what: string;
  /** Its first bytes: all, where there are no more. */
  readonly head: Buffer;
  readonly isGzipped: boolean;
  /** All bytes, from the beginning. @throws where it was packed, and is cut off or broken. */
  readonly chunks: () => AsyncIterable<Buffer>;
}

/** An object of a file, and where it stands there, such as `line 3`. */
export interface SourceRow {
  readonly where: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Of what a file's form is told by. Ours: more than a line of a set is long. */
const HEAD_BYTES = 1 << 20;
/** Bytes of what is read whole, unpacked. Ours: a string of V8 ends at 512 MiB, and its values take more. */
const MOST_WHOLE = 256 << 20;

/** Files that are none of ours, by their first bytes, and what to do about it. */
const OTHERS: readonly (readonly [magic: RegExp, what: string, remedy: string])[] = [
  [/^504b0304/, 'a zip archive or a spreadsheet', 'unpack it, or save the sheet as CSV'],
  [/^28b52ffd/, 'a file packed by zstd', 'unpack it with `zstd -d`'],
  [/^fd377a585a/, 'a file packed by xz', 'unpack it with `xz -d`'],
  [/^425a68/, 'a file packed by bzip2', 'unpack it with `bzip2 -d`'],
  [/^4f626a01/, 'Avro', 'save it as Parquet or JSONL'],
  [/^(4152524f5731|ffffffff)/, 'an Arrow file', 'save it as Parquet or JSONL'],
  [/^53514c69746520/, 'an SQLite database', 'save the table as CSV'],
  [/^0d444f43|^255044462d/, 'a document', 'save what it holds as JSONL or CSV'],
];
const LFS = 'version https://git-lfs.github.com/spec/v1';

/** @throws where there is no such file, or it is of a form that holds none of them. */
export async function openSource(file: string, what = 'problems'): Promise<SourceFile> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  });
  if (found?.isFile() !== true)
    throw new Error(
      `Expected a file of ${what}, got ${file}, which is ${found === undefined ? 'not there' : 'a folder'}`,
    );
  const isGzipped = (await firstBytes(file)).toString('hex') === '1f8b';
  const chunks = () => (isGzipped ? unpacked(file) : (createReadStream(file) as AsyncIterable<Buffer>));
  const head = await beginning(chunks());
  const [, other, remedy] = OTHERS.find(([magic]) => magic.test(head.toString('hex', 0, 16))) ?? [];
  if (other !== undefined) throw new Error(`${file}: ${expected}, got ${other}: ${remedy}`);
  if (head.toString('latin1', 257, 262) === 'ustar')
    throw new Error(`${file}: ${expected}, got a tar archive: unpack it with \`tar -xf\``);
  if (head.toString('latin1', 0, LFS.length) === LFS)
    throw new Error(`${file}: ${expected}, got a Git LFS pointer: run \`git lfs pull\` where it came from`);
  if (head.length === 0) throw new Error(`${file}: ${expected}, got an empty file`);
  return { file, what, head, isGzipped, chunks };
}

export const expected = 'expected JSON, JSONL, CSV, TSV or Parquet';

/** All of a file that cannot be read in parts. @throws where it is too large for that. */
export async function wholeOf({ file, chunks }: SourceFile, remedy: string): Promise<Buffer> {
  const read: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks()) {
    bytes += chunk.length;
    if (bytes > MOST_WHOLE)
      throw new Error(`${file}: expected at most ${MOST_WHOLE >> 20} MiB, since it is read whole, got more: ${remedy}`);
    read.push(chunk);
  }
  return Buffer.concat(read);
}

/** Its bytes, as long as its lines are such as lines are. */
export async function* inLines({ file, chunks }: SourceFile): AsyncGenerator<Buffer> {
  let [line, since] = [1, 0];
  for await (const chunk of chunks()) {
    yield chunk;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) [line, since] = [line + 1, -at - 1];
    since += chunk.length;
    if (since > MOST_WHOLE)
      throw new Error(`${file} line ${line}: expected a line of at most ${MOST_WHOLE >> 20} MiB, got a longer one`);
  }
}

/**
 * Its text in parts, with `\n` at the ends of lines and no byte order mark.
 * @throws at bytes that are no UTF-8, naming the line.
 */
export async function* textIn(source: SourceFile): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let held = '';
  for await (const chunk of inLines(source)) {
    let text: string;
    try {
      text = held + decoder.decode(chunk, { stream: true });
    } catch {
      throw wrongBytes(source.file, line, chunk);
    }
    held = text.endsWith('\r') ? '\r' : '';
    text = text.slice(0, text.length - held.length).replaceAll('\r\n', '\n');
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line += 1;
    yield text;
  }
  try {
    yield held + decoder.decode();
  } catch {
    throw new Error(
      `${source.file} line ${line}: expected UTF-8, got half of a character at the end: the file was cut off`,
    );
  }
}

/** The first line of a chunk that has other bytes, as `textOf` says it. */
function wrongBytes(file: string, from: number, chunk: Buffer): Error {
  let start = 0;
  for (let line = from; start < chunk.length; line += 1) {
    const end = chunk.indexOf(10, start);
    try {
      textOf(chunk.subarray(start, end < 0 ? chunk.length : end), `${file} line ${line}`);
    } catch (error) {
      return error as Error;
    }
    if (end < 0) break;
    start = end + 1;
  }
  return new Error(`${file} line ${from}: expected UTF-8, got other bytes: convert the file`);
}

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function beginning(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const read: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    read.push(chunk);
    bytes += chunk.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return Buffer.concat(read).subarray(0, HEAD_BYTES);
}

async function* unpacked(file: string): AsyncGenerator<Buffer> {
  const packed = createReadStream(file);
  const gunzip = createGunzip();
  packed.once('error', (error) => gunzip.destroy(error));
  try {
    yield* packed.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!code.startsWith('Z_')) throw error;
    throw new Error(
      code === 'Z_BUF_ERROR'
        ? `${file}: expected a whole gzip file, got one that ends early: it was cut off; fetch it again`
        : `${file}: expected a gzip file, got a broken one (${message}): fetch it again`,
      { cause: error },
    );
  } finally {
    packed.destroy();
  }
}
