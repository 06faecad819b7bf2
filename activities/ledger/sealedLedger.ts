import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Outcome } from '../../shared/outcomes.ts';
import { inBlocks, linesOf } from '../store/lines.ts';
import type { ArtifactStore } from '../store/types.ts';

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

export function sealedUri(uri: string): string {
  return `${uri}.gz`;
}

interface Lines {
  readonly used: readonly number[];
  readonly unused: readonly number[];
  readonly read: (ordinal: number) => string | Promise<string>;
}

/** Writes `<uri>.gz`. Level 9: written once, kept for ever. */
export async function sealLines(store: ArtifactStore, uri: string, { used, unused, read }: Lines): Promise<void> {
  const outcomeAt = async (ordinal: number) => JSON.parse(await read(ordinal)) as Outcome;
  const counts = new Map<string, number>();
  for (const ordinal of [...used, ...unused]) {
    const digest = sharedDigest(await outcomeAt(ordinal));
    if (digest !== undefined) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  const firstOf = new Map<string, string>();
  const sharing = (outcome: Outcome): SealedLine => {
    const digest = sharedDigest(outcome);
    if (digest === undefined || counts.get(digest) === 1) return outcome;
    const first = firstOf.get(digest);
    if (first !== undefined) return { ...outcome, text: undefined, sameTextAs: first };
    firstOf.set(digest, outcome.key);
    return { ...outcome, shared: true };
  };
  async function* lines(): AsyncGenerator<string> {
    for (const ordinal of used) yield `${JSON.stringify(sharing(await outcomeAt(ordinal)))}\n`;
    for (const ordinal of unused) yield `${JSON.stringify({ ...sharing(await outcomeAt(ordinal)), unused: true })}\n`;
  }
  await store.write(sealedUri(uri), through(inBlocks(lines()), createGzip({ level: 9 })));
}

/** Makes `<uri>` from `<uri>.gz` where only that exists; where both do, both are whole, and the sealed one goes. */
export async function unseal(store: ArtifactStore, uri: string): Promise<void> {
  const sealed = sealedUri(uri);
  if ((await store.stat(sealed)) === undefined) return;
  if ((await store.stat(uri)) === undefined) await store.write(uri, inBlocks(plainLines(store, sealed)));
  await store.remove(sealed);
}

/**
 * Outcomes of a sealed ledger in its order, texts in place, those marked `unused` last. Needs memory for shared texts
 * only.
 */
export async function* readSealed(store: ArtifactStore, sealed: string): AsyncGenerator<SealedLine> {
  const texts = new Map<string, string | undefined>();
  for await (const { bytes } of linesOf(through(store.read(sealed), createGunzip()))) {
    const { sameTextAs, shared, ...outcome } = JSON.parse(bytes.toString('utf8')) as SealedLine;
    if (shared === true) texts.set(outcome.key, outcome.text);
    const text = sameTextAs === undefined ? outcome.text : texts.get(sameTextAs);
    yield text === undefined ? outcome : { ...outcome, text };
  }
}

async function* plainLines(store: ArtifactStore, sealed: string): AsyncGenerator<string> {
  for await (const { unused: _, ...outcome } of readSealed(store, sealed)) yield `${JSON.stringify(outcome)}\n`;
}

/** Of a text that is worth a reference. */
function sharedDigest({ text = '' }: Outcome): string | undefined {
  return text.length < SHORTEST_SHARED ? undefined : createHash('sha1').update(text).digest('base64');
}

/** What a transformation makes of a source. An error of either is met by who reads it. */
function through(source: AsyncIterable<string | Buffer>, transformation: Duplex): AsyncIterable<Buffer> {
  pipeline(source, transformation).catch(() => undefined);
  return transformation;
}
