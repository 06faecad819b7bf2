import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Outcome } from '../../shared/outcomes.ts';
import { linesOf } from '../store/lines.ts';

/**
 * A line of a sealed ledger. A text that several calls gave stands once: its first line is marked `shared`, the others
 * name that line's key in `sameTextAs`.
 */
export interface SealedLine extends Outcome {
  readonly shared?: true;
  readonly sameTextAs?: string;
  /** Paid for, but no part of the finished set (its plan was changed on the way). */
  readonly unused?: true;
}

/** Texts shorter than this are repeated rather than referred to: a reference is as long. */
const SHORTEST_SHARED = 48;
const BUFFER_BYTES = 256 * 1024;

export function sealedPath(file: string): string {
  return `${file}.gz`;
}

interface Lines {
  readonly used: readonly number[];
  readonly unused: readonly number[];
  readonly read: (ordinal: number) => string | Promise<string>;
}

/** Writes `<file>.gz`, whole or not at all. Level 9: written once, kept for ever. */
export async function sealLines(file: string, lines: Lines): Promise<void> {
  const temporary = `${sealedPath(file)}.${randomUUID()}.tmp`;
  const texts = await countTexts(lines);
  await pipeline(
    Readable.from(sealedLines(lines, texts), { objectMode: true }),
    createGzip({ level: 9 }),
    createWriteStream(temporary),
  );
  await syncPath(temporary);
  await rename(temporary, sealedPath(file));
  await syncPath(path.dirname(file));
}

/** Makes `<file>` from `<file>.gz` where only that exists; where both do, both are whole, and the sealed one goes. */
export async function unsealFile(file: string): Promise<void> {
  const sealed = sealedPath(file);
  if (!(await exists(sealed))) return;
  if (!(await exists(file))) {
    const temporary = `${file}.${randomUUID()}.tmp`;
    await pipeline(Readable.from(plainLines(sealed)), createWriteStream(temporary));
    await syncPath(temporary);
    await rename(temporary, file);
  }
  await unlink(sealed);
}

/**
 * Outcomes of a sealed ledger in its order, texts in place, those marked `unused` last. Needs memory for shared texts
 * only.
 */
export async function* readSealed(sealed: string): AsyncGenerator<SealedLine> {
  const texts = new Map<string, string | undefined>();
  for await (const { bytes } of linesOf(createReadStream(sealed).pipe(createGunzip()))) {
    const { sameTextAs, shared, ...outcome } = JSON.parse(bytes.toString('utf8')) as SealedLine;
    if (shared === true) texts.set(outcome.key, outcome.text);
    const text = sameTextAs === undefined ? outcome.text : texts.get(sameTextAs);
    yield text === undefined ? outcome : { ...outcome, text };
  }
}

async function* plainLines(sealed: string): AsyncGenerator<string> {
  for await (const { unused: _, ...outcome } of readSealed(sealed)) yield `${JSON.stringify(outcome)}\n`;
}

async function countTexts({ used, unused, read }: Lines): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const ordinal of [...used, ...unused]) {
    const line = read(ordinal);
    const { text } = JSON.parse(typeof line === 'string' ? line : await line) as Outcome;
    if (text === undefined || text.length < SHORTEST_SHARED) continue;
    const digest = digestOf(text);
    counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return counts;
}

async function* sealedLines({ used, unused, read }: Lines, texts: ReadonlyMap<string, number>): AsyncGenerator<string> {
  const firstOf = new Map<string, string>();
  let buffer = '';
  for (const [ordinals, mark] of [
    [used, {}],
    [unused, { unused: true as const }],
  ] as const) {
    for (const ordinal of ordinals) {
      const line = read(ordinal);
      const outcome = JSON.parse(typeof line === 'string' ? line : await line) as Outcome;
      buffer += `${JSON.stringify({ ...shareText(outcome, texts, firstOf), ...mark })}\n`;
      if (buffer.length >= BUFFER_BYTES) {
        yield buffer;
        buffer = '';
      }
    }
  }
  yield buffer;
}

function shareText(outcome: Outcome, texts: ReadonlyMap<string, number>, firstOf: Map<string, string>): SealedLine {
  if (outcome.text === undefined || outcome.text.length < SHORTEST_SHARED) return outcome;
  const digest = digestOf(outcome.text);
  if ((texts.get(digest) ?? 0) < 2) return outcome;
  const first = firstOf.get(digest);
  if (first === undefined) {
    firstOf.set(digest, outcome.key);
    return { ...outcome, shared: true };
  }
  const { text: _, ...rest } = outcome;
  return { ...rest, sameTextAs: first };
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

async function syncPath(target: string): Promise<void> {
  const handle = await open(target, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
