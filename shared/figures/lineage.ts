import type { ArtifactRef } from '../records.ts';

/**
 * Where something comes from, walked back along the chain of manifests; each node stands once, its sources are named by
 * id.
 */
export interface Lineage {
  /** Id of the node that was asked about. */
  readonly subject: string;
  /** The laps of its chain, newest first, each manifest with the digest that the next lap's link gave. */
  readonly chain: readonly { readonly lap: string; readonly turn: number; readonly manifest: ArtifactRef }[];
  /** The subject first, then what it is made of, depth first. */
  readonly nodes: readonly LineageNode[];
  /** The first score that a person, or the program that answers in their place, gave in what the subject is made of. */
  readonly firstScore: FirstScore | null;
}

export interface LineageNode {
  /** `checkpoints/<sha256>`, a job key, `ledger/<set>`, `reviews/<set>`, a dataset's URI, a lap, or a proof's id. */
  readonly id: string;
  readonly kind: 'lap' | 'checkpoint' | 'training' | 'dataset' | 'set' | 'review' | 'proof';
  /** The lap that made it; null for the base. */
  readonly lap: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What was checked against what, in words; a check that fails ends the walk. */
  readonly verified: readonly string[];
  readonly from: readonly { readonly as: string; readonly id: string }[];
}

export interface FirstScore {
  readonly review: string;
  readonly question: string;
  readonly annotator: string;
  readonly source: 'expert' | 'program';
  readonly score: number;
  readonly at: string;
}
