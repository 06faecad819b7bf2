/**
 * Samples of the base per held-out problem, from which proofs of every true score are chosen. Ours: a sloppy base needs
 * a few for each.
 */
export const DRAFTS_PER_PROBLEM = 6;
/** The base's analyses of each held-out proof, from which those of every true quality are chosen. Ours. */
export const ANALYSES_PER_PROOF = 2;
