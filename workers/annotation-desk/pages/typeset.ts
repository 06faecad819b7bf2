import type { Markup } from '../../../reports/pages/markup.ts';
import { mathematics } from '../../../reports/pages/mathematics/index.ts';

/** Ours: of HTML that is kept, some forty pages of long proofs. */
const MOST_CHARACTERS = 48_000_000;

/** The oldest use first. */
const kept = new Map<string, Markup>();
let characters = 0;

/**
 * As `mathematics`, which takes a tenth of a second for a long proof: a text is set once for all who read it and for
 * each thing they do on its page, as long as there is room.
 */
export function typeset(text: string, lines?: string): Markup {
  const key = `${lines ?? ''}\n${text}`;
  const known = kept.get(key);
  const markup = known ?? mathematics(text, { lines });
  if (known === undefined) characters += markup.markup.length + key.length;
  else kept.delete(key);
  kept.set(key, markup);
  for (const [oldest, old] of kept) {
    if (characters <= MOST_CHARACTERS) break;
    kept.delete(oldest);
    characters -= old.markup.length + oldest.length;
  }
  return markup;
}
