import { checkpointFiles } from '../../activities/store/checkpoints.ts';
import { CARD, cardFields, cardsOf } from '../../activities/store/card.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { prefixOf } from '../../shared/ids.ts';
import type { CheckpointRef } from '../../shared/records.ts';

/** Under what terms a model was given, as far as its files say; nothing is guessed from a text. */
export interface Licence {
  /** As a card's front matter names it, such as `apache-2.0`; null where nobody said. */
  readonly id: string | null;
  /** What the Hub wants beside the id `other`. */
  readonly name?: string;
  readonly link?: string;
  /** Where files of terms lie that go with the model, such as LICENSE and NOTICE. */
  readonly terms: readonly string[];
  /** Which checkpoint says so. */
  readonly of?: CheckpointRef;
}

const TERMS = /^(LICEN[SC]E|COPYING|NOTICE|USE_POLICY)([.-].*)?$/i;

/**
 * The licence that the nearest of these checkpoints says: by the front matter of its card, else by a file of terms.
 * @param chain from a model back to its base.
 */
export async function licenceOf(store: ArtifactStore, chain: readonly CheckpointRef[]): Promise<Licence> {
  for (const of of chain) {
    const places = (await checkpointFiles(store, of)).map((name) => prefixOf(of.uri) + name);
    for await (const place of store.list(cardsOf(of))) places.push(place);
    const terms = places.filter((place) => TERMS.test(nameOf(place)));
    const card = places.find((place) => nameOf(place) === CARD);
    const said = card === undefined ? new Map<string, string[]>() : await cardFields(store, card);
    const [id] = said.get('license') ?? [];
    const file = terms.map(nameOf).find((name) => /^(LICEN|COPYING)/i.test(name));
    if (id !== undefined && id !== 'unknown') {
      const [[name] = [], [link] = []] = [said.get('license_name'), said.get('license_link')];
      return { id, terms, of, ...(name !== undefined && { name }), ...(link !== undefined && { link }) };
    }
    if (file !== undefined) return { id: 'other', name: 'as-its-base', link: file, terms, of };
    if (terms.length > 0) return { id: null, terms, of };
  }
  return { id: null, terms: [] };
}

export const nameOf = (place: string): string => place.slice(place.lastIndexOf('/') + 1);
