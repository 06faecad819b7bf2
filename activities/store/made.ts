import { uri } from '../../shared/ids.ts';
import { modelKey, type Made, type ModelRef, type PromptSetRef, type Source } from '../../shared/records.ts';

/** A set of answers goes by its id. */
type Read = Source | PromptSetRef | ModelRef | string;

/**
 * What an artifact was made of, for the store to keep beside it.
 * @param by the step that makes it.
 * @param read what the step read, by what that was to it; what is undefined it did without.
 */
export function madeBy(by: string, read: Readonly<Record<string, Read | readonly Read[] | undefined>>): Made {
  const from = Object.entries(read).flatMap(([as, sources = []]) =>
    [sources].flat().map((source: Read) => ({ as, ...sourceOf(source) })),
  );
  return { by, from };
}

function sourceOf(read: Read): Source {
  if (typeof read === 'string') return { setId: read };
  if ('checkpoint' in read) return sourceOf(read.checkpoint);
  if ('endpoint' in read) return { model: modelKey(read) };
  if ('name' in read) return { uri: uri.promptSet(read.sha256), sha256: read.sha256 };
  return 'uri' in read ? { uri: read.uri, sha256: read.sha256 } : read;
}
