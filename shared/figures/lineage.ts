import type { ArtifactRef, Made, Source } from '../records.ts';
import { uri } from '../ids.ts';

/** Where something comes from, as each step said it when it wrote; each node stands once. */
export interface Lineage {
  /** Id of the node that was asked about. */
  readonly subject: string;
  /**
   * Manifests of the laps of its chain, newest first, each with the digest that the lap after it went on from. Empty
   * where it is of no lap, or its lap has not finished.
   */
  readonly chain: readonly ArtifactRef[];
  /** The subject first, then what it is made of, depth first. */
  readonly nodes: readonly LineageNode[];
  /** The first score that a person, or the program that answers in their place, gave in what the subject is made of. */
  readonly firstScore: FirstScore | null;
}

export interface LineageNode {
  /**
   * An artifact's URI, `ledger/<set>`, `reviews/<set>`, a proof's id, the key of a model that others run, or a person's
   * file.
   */
  readonly id: string;
  /** `given`: a file that no step wrote. `file`: a recipe, a job, a reward's definition. */
  readonly kind: 'lap' | 'checkpoint' | 'dataset' | 'set' | 'review' | 'prompts' | 'file' | 'given' | 'model' | 'proof';
  /** The step that made it; null where nobody said so. */
  readonly by: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What was checked against what, in words; a check that fails ends the walk. */
  readonly verified: readonly string[];
  readonly from: Made['from'];
}

/** Id of a source's node. */
export function idOf(source: Source): string {
  if ('uri' in source) return source.uri;
  if ('setId' in source) return uri.ledger(source.setId);
  if ('file' in source) return source.file;
  return 'reviewId' in source ? uri.reviews(source.reviewId) : source.model;
}

export interface FirstScore {
  readonly review: string;
  readonly question: string;
  readonly annotator: string;
  readonly source: 'expert' | 'program';
  readonly score: number;
  readonly at: string;
}
