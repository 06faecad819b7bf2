import * as z from 'zod';
import { LABEL_RULES } from '../sampling/sets.ts';

/** The parts of a recipe that say how proofs come to their scores: by verifications, and by people. */

export const labelling = z.strictObject({
  /**
   * Proofs that the final generator writes, at least `proofs`; where they are more, a first look at each finds the
   * hardest to verify.
   */
  candidates: z.int().min(1),
  /** Analyses of each candidate in that first look. */
  firstLook: z.int().min(1),
  /** Proofs that phase 4 labels. */
  proofs: z.int().min(1),
  proofsPerProblem: z.int().min(1),
  /** n, m and k of paper 2.3; m = 0 labels without meta-verification. */
  analysesPerProof: z.int().min(1).max(1024),
  metaAnalysesPerAnalysis: z.int().min(0).max(1024),
  /** A number, or where it is below 1 a share of n, rounded up. */
  minValidAnalyses: z.union([z.int().min(1), z.number().gt(0).lt(1)]),
  /** The paper's prose, or k witnesses at or below a score (ours: docs/method.md, "Labels"). @default lowest */
  rule: z.enum(LABEL_RULES).optional(),
  confirmingMetaScore: z.union([z.literal(0.5), z.literal(1)]),
  /** Analyses asked for in each wave; the last size repeats until n is reached. */
  waves: z.array(z.int().min(1)).min(1),
  earlyStop: z.boolean(),
  /** What happens to contested proofs: ask an expert now, leave them to the next lap, or drop them. */
  contested: z.enum(['ask', 'carry', 'discard']),
  /**
   * Share of the automatic labels, a random sample, that experts are asked about without seeing the label: an audit.
   * What it decides is said by `audit`. @default 0
   */
  auditShare: z.number().min(0).max(1).default(0),
  /**
   * A plan warns where the simulated precision of any label is below (docs/method.md, "Labels"). @default 0.95
   */
  minPrecision: z.number().min(0).max(1).optional(),
  /** Times a missing verdict (unparseable, truncated, failed) is asked again. */
  verdictAttempts: z.int().min(1),
});

export const experts = z.strictObject({
  seats: z.int().min(1).max(9),
  leaseMinutes: z.number().positive(),
  deadlineHours: z.number().positive(),
  onDeadline: z.enum(['wait', 'carry', 'discard']),
  /** Questions of a set that are open at once; the next ones are asked as these close. @default all */
  batch: z.int().min(1).optional(),
  /**
   * Share of a set's questions that have to have come to a result before the lap goes on; the rest stays open, and what
   * comes later joins the next lap. @default 1
   */
  enough: z.number().gt(0).max(1).optional(),
  /**
   * Questions with known answers, mixed in unseen: scored proofs of the store (`flywheel import proofs`), and their
   * share of a set's questions. They measure people, and are never trained on. @default none
   */
  gold: z.strictObject({ proofs: z.string().min(1), share: z.number().gt(0).max(0.5) }).optional(),
  /** Who there is to answer, and for how long each week: a plan says their hours in weeks. @default not said */
  people: z.int().min(1).optional(),
  hoursPerWeek: z.number().positive().max(168).optional(),
  /** Weeks of theirs that a lap may take, where sizes follow from it. @default not said */
  weeks: z.number().positive().optional(),
});

/** What people's blind samples of labels and rewards decide. */
export const audit = z.strictObject({
  /** A label whose audited precision is below this for certain (95 %) is not trained on. */
  minPrecision: z.number().min(0).max(1),
  /** Then the lap waits for a lead's word, or goes on without the label. @default goOn */
  onFailure: z.enum(['pause', 'goOn']).optional(),
  /** Rewarded proofs of a stage's last steps that people score, to see whether its judge is fooled. @default 0 */
  rewardedProofs: z.int().min(0).optional(),
});
