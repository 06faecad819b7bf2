/**
 * How a teacher errs. Every number is a probability; the sloppy ones come from the trials that the rehearsal rests on.
 */
export interface Manners {
  readonly proof: {
    /** A line is wrong: a false value, or in one case of five an operation that is not the problem's. */
    readonly wrong: number;
    /** After an error, the last line is made to say the claim. */
    readonly forceClaim: number;
    /** Two operations in one line, on lines 1 and 2 and wherever there is no habit. */
    readonly merge: number;
    /** A proof of 4 operations or more has the habit of merging from line 3 on, and then merges so often. */
    readonly mergeHabit: number;
    readonly mergeByHabit: number;
    /** A line is left out; a line that is no part of the proof is put in. */
    readonly omit: number;
    readonly intrude: number;
  };
  readonly analysis: {
    /** A flaw goes unseen: on the first line, and on the eighth; between them the share grows evenly. */
    readonly missFirst: number;
    readonly missLast: number;
    /** A flaw is invented on a right line. */
    readonly invent: number;
    /** The score does not follow from the verdicts. */
    readonly slip: number;
    /**
     * An analysis has the habit of remarking, whatever the score, and then remarks on so many of the right lines that
     * are not trivial.
     */
    readonly remarkHabit: number;
    readonly remarkByHabit: number;
    /** A trivial line gets its remark: in every analysis, so that the real remark is no part of the habit. */
    readonly realRemark: number;
    /**
     * A merged line is recomputed with its intermediate values. Without them the verifier sees less (the weak setting).
     */
    readonly intermediates: boolean;
  };
  readonly metaAnalysis: {
    /** A claimed flaw is judged the wrong way round; and a remark. */
    readonly misjudge: number;
    readonly misjudgeRemark: number;
    /** A line that the analysis passes. @default passed lines are not judged, and what is missed there is not seen */
    readonly misjudgePassed?: number;
    /** The quality in the box does not follow from the judgements. */
    readonly slip: number;
  };
  /** A self-evaluation praises every line, whatever it is. */
  readonly blindSelf: number;
}

export const CLEAN: Manners = {
  proof: { wrong: 0, forceClaim: 0, merge: 0, mergeHabit: 0, mergeByHabit: 0, omit: 0, intrude: 0 },
  analysis: {
    missFirst: 0,
    missLast: 0,
    invent: 0,
    slip: 0,
    remarkHabit: 0,
    remarkByHabit: 0,
    realRemark: 1,
    intermediates: true,
  },
  metaAnalysis: { misjudge: 0, misjudgeRemark: 0, slip: 0 },
  blindSelf: 0,
};

export const SLOPPY: Manners = {
  proof: {
    wrong: 0.085,
    forceClaim: 0.5,
    merge: 0.12,
    mergeHabit: 2 / 3,
    mergeByHabit: 0.9,
    omit: 0.004,
    intrude: 0.004,
  },
  analysis: {
    missFirst: 0.15,
    missLast: 0.28,
    invent: 0.035,
    slip: 0.1,
    remarkHabit: 0.65,
    remarkByHabit: 0.75,
    realRemark: 0.95,
    intermediates: true,
  },
  metaAnalysis: { misjudge: 0.1, misjudgeRemark: 0.04, slip: 0.1 },
  blindSelf: 0.6,
};

/** Proofs so bad that a reader who copies instead of recomputing is wrong in every second line. */
export const NOISY_PROOF: Manners['proof'] = {
  wrong: 0.4,
  forceClaim: 0.3,
  merge: 0.25,
  mergeHabit: 0.3,
  mergeByHabit: 0.9,
  omit: 0.03,
  intrude: 0.04,
};

/** The second try: half the errors of the first. */
export const SLOPPY_REVISION: Manners['proof'] = { ...SLOPPY.proof, wrong: 0.045, forceClaim: 0.3 };
