import { uri } from '../../shared/ids.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import type { ArtifactStore } from './types.ts';

/** A model's card, as the Hub has it. */
export const CARD = 'README.md';
/** Fields by which the card of an exported model says which checkpoint it is, and which files are none of its. */
export const EXPORTED = 'flywheel_checkpoint';
export const BESIDE = 'flywheel_beside';
/** Bytes in which a card's front matter ends. Ours. */
const FRONT = 64 * 2 ** 10;

/** The front matter of a card; no fields where there is no card. */
export async function cardFields(files: ArtifactStore, at: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const isThere = (await files.stat(at)) !== undefined;
  return frontMatter(isThere ? (await files.readBytes(at, { from: 0, to: FRONT })).toString('utf8') : '');
}

/** Where the card and the terms of a model lie that was exported, and taken in again as the checkpoint that it was. */
export const cardsOf = ({ sha256 }: CheckpointRef): string => `${uri.modelCard(sha256)}/`;

/**
 * The plain fields at the top of a card: `key: value`, or a list of values; what else YAML can write is passed over.
 */
export function frontMatter(card: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  const [, block] = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(card) ?? [];
  let last: string[] = [];
  for (const line of block?.split(/\r?\n/) ?? []) {
    const [, key, value] = /^([A-Za-z_][\w-]*):(?:\s+(.*))?$/.exec(line) ?? [];
    const [, item] = /^\s*-\s+(.*)$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key, (last = scalar(value)));
    else if (item !== undefined) last.push(...scalar(item));
  }
  return fields;
}

/** A quoted text, or a bare one without the comment behind it; nothing where it is a list, a map or a block. */
function scalar(text = ''): string[] {
  const plain = text.trim();
  const quoted = /^"([^"\\]*)"|^'([^']*)'/.exec(plain);
  if (quoted !== null) return [quoted[1] ?? quoted[2] ?? ''];
  const bare = plain.replace(/(^|\s)#.*$/, '').trim();
  return bare === '' || /^[[{|>&*!]/.test(bare) ? [] : [bare];
}
