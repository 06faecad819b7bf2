import { linesOf } from './lines.ts';
import type { ArtifactStore } from './types.ts';

/** The JSON lines of a growing log; none where there is none. A last line that was torn by a kill is none. */
export async function* jsonLinesOf(store: ArtifactStore, uri: string): AsyncGenerator {
  if (!(await store.exists(uri))) return;
  for await (const { bytes } of linesOf(store.read(uri))) {
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch {
      continue; // torn or empty
    }
    yield value;
  }
}
