import { madeUri, type ArtifactStore } from '../../activities/store/types.ts';
import { lapOf, prefixOf, PRODUCTS, uri } from '../../shared/ids.ts';

/** Folders that keep what belongs to a lap or a product below its name. */
export const PLACED = ['laps', 'datasets', 'ledger', 'labels', 'reviews', 'jobs', 'rewards', 'products'] as const;
/** What says what something was made of; rows say nothing, nor do a model's own files. */
const tells = (at: string) => at.endsWith('.json') && !/^(checkpoints|prompts|imports\/cards)\/[0-9a-f]{64}\//.test(at);
/** Names of things in a text, bare or within an address. */
const THINGS = new RegExp(
  `(?<digest>\\b[0-9a-f]{64}\\b)|(?<lap>\\b[a-z0-9][a-z0-9-]*/lap-\\d{4,})(?:/[\\w./%-]*)?|` +
    `(?<product>\\b(?:${PRODUCTS.join('|')})/[a-z0-9][a-z0-9._-]*)|(?<imported>\\bimports/[\\w./-]+)`,
  'g',
);

/** A lap, a product, or a thing by its URI. */
type Thing = string;

/** What the artifacts of a lap or a product, or a checkpoint's, name. */
export function thingsNamedIn(text: string): Set<Thing> {
  const things = new Set<Thing>();
  for (const { groups = {} } of text.matchAll(THINGS)) {
    const { digest, lap, product, imported } = groups;
    if (digest !== undefined) for (const at of [uri.checkpoint(digest), uri.promptSet(digest)]) things.add(at);
    else things.add((lap ?? product ?? imported) as string);
  }
  return things;
}

/** Where all lies that belongs to a thing: prefixes of folders, and single artifacts. */
function placesOf(thing: Thing): string[] {
  const [folder = ''] = thing.split('/');
  if (lapOf(thing) === thing || (PRODUCTS as readonly string[]).includes(folder))
    return PLACED.map((each) => `${each}/${prefixOf(thing)}`);
  const [, digest = ''] = /^checkpoints\/([0-9a-f]{64})$/.exec(thing) ?? [];
  if (digest === '') return [thing, prefixOf(thing), madeUri(thing)];
  return [prefixOf(thing), madeUri(thing), prefixOf(uri.modelCard(digest)), uri.probe(digest)];
}

/**
 * All that laps and products are made of, and what that is made of in turn: by what their artifacts name. Rather too
 * much than too little: a lap that is named anywhere is there whole.
 * @param from laps by their full names, products by their places, or URIs.
 */
export async function reachOf(
  store: ArtifactStore,
  from: Iterable<Thing>,
): Promise<{ readonly things: ReadonlySet<Thing>; readonly uris: ReadonlySet<string> }> {
  const things = new Set<Thing>(from);
  const uris = new Set<string>();
  for (const thing of things)
    // those that are added meanwhile, too
    for (const place of placesOf(thing))
      for await (const at of belowOrAt(store, place)) {
        if (uris.has(at)) continue;
        uris.add(at);
        if (!tells(at)) continue;
        for (const named of thingsNamedIn(await store.readText(at))) things.add(named);
      }
  return { things, uris };
}

async function* belowOrAt(store: ArtifactStore, place: string): AsyncGenerator<string> {
  if (place.endsWith('/')) yield* store.list(place);
  else if ((await store.stat(place)) !== undefined) yield place;
}
