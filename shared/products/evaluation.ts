import type { Difference } from '../statistics/differences.ts';
import type { Confusion, Figure, ScoreKey } from '../statistics/figure.ts';
import type { LabelRule } from '../sampling/sets.ts';
import type { Score } from '../scores.ts';
import type { Spent } from './caps.ts';

/** What `evaluate` measures: a verifier against people's grades, or what a generator's proofs are worth to a judge. */
export const SUBJECTS = ['verifier', 'generator'] as const;
export type Subject = (typeof SUBJECTS)[number];

/** A figure's name for people, and what it is. */
interface Definition {
  readonly name: string;
  readonly says: string;
}

/** Of a verifier. A verdict is lost when it cannot be read, was cut off or refused. */
export const VERIFIER_FIGURES = {
  accuracy: {
    name: 'accuracy, one verdict',
    says: 'share of all verdicts asked for that are the true score; a lost one is not',
  },
  accuracyOfRead: { name: '… of those that could be read', says: 'the same, lost verdicts left out' },
  majorityAccuracy: {
    name: 'accuracy, majority of n',
    says: 'share of proofs of which more than half of the n verdicts are the true score (paper 3.3.1)',
  },
  closeness: {
    name: '1 − |s′ − s|',
    says: 'mean over all verdicts asked for (R_score, paper 2.1); a lost one counts 0, and 0.5 is what it is',
  },
  closenessOfRead: { name: '… of those that could be read', says: 'the same, lost verdicts left out' },
  f1: {
    name: 'balanced F1, one verdict',
    says: 'macro F1: mean of 2TP / (2TP + FP + FN) over the classes that the truth has; a lost verdict is a miss',
  },
  majorityF1: { name: 'balanced F1, majority of n', says: 'the same of majorities; where there is none, a miss' },
  calibrationError: {
    name: 'expected calibration error',
    says:
      'mean over proofs of |mean score − mean truth| in ten equal bins of the mean score of n; few proofs in a bin ' +
      'make it larger',
  },
  consistency: {
    name: 'self-consistency ρ',
    says: 'intra-class correlation, ICC(1), of the verdicts on one proof: 1 where they always agree',
  },
  errorCorrelation: {
    name: 'correlation of errors ρ',
    says: 'the same of verdict − truth: what is left of agreement once the truth is taken out',
  },
  undecided: { name: 'undecided', says: 'share of proofs of which no score has more than half of the n verdicts' },
  lost: { name: 'lost verdicts', says: 'share of the verdicts asked for that could not be read' },
} as const satisfies Readonly<Record<string, Definition>>;
export type VerifierFigure = keyof typeof VERIFIER_FIGURES;

/** Of a generator's proofs: what the majority of a judge's analyses says of each, or what people say. */
export const GENERATOR_FIGURES = {
  score: {
    name: 'mean score',
    says:
      'of all answers: the score of the majority, where there is none the mean (paper 3.3.1); an answer without a ' +
      'proof counts 0; without enough readable verdicts it is left out',
  },
  passed: { name: 'pass@1', says: 'share of the same answers whose score is 1' },
  solved: { name: 'problems solved', says: 'share of problems of which at least one proof has the score 1' },
  withoutProof: { name: 'answers without a proof', says: 'share of all answers in which no proof could be read' },
  lost: { name: 'proofs without a score', says: 'share of proofs of which no more than half of the verdicts was read' },
} as const satisfies Readonly<Record<string, Definition>>;
export type GeneratorFigure = keyof typeof GENERATOR_FIGURES;

/** A proof whose true score is known, and what a verifier said of it. */
export interface JudgedProof {
  readonly id: string;
  /** Its problem's id: what intervals count. */
  readonly problem: string;
  readonly topic: string;
  readonly truth: Score;
  /** One for each analysis that was asked for; undefined where it was lost. */
  readonly verdicts: readonly (Score | undefined)[];
}

/** How the truth's classes are read. */
export interface TruthScale {
  /** The truth knows right and wrong alone. */
  readonly isBinary: boolean;
  /** What a verdict of 0.5 counts as then. @default 0: a proof passes with a 1 alone */
  readonly half?: 0 | 1 | undefined;
}

/** Proofs whose mean score lies between `from` and `to`, the upper end excluded but for 1. */
export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  readonly proofs: number;
  /** Mean of their mean scores. */
  readonly given: number;
  readonly truth: Figure;
}

/** What automatic labels would be by one policy. Shares are of all proofs. */
export interface GridRow {
  readonly rule: LabelRule;
  readonly n: number;
  readonly m: number;
  readonly k: number;
  /** Right labels, of those given. */
  readonly precision: Figure;
  readonly byLabel: Readonly<Record<ScoreKey, Figure>>;
  readonly contested: Figure;
  /** Verdicts are missing that could change the label. */
  readonly unresolved: Figure;
}

/** First attempts at verdicts of one task, and how many of them were lost in which way. */
export interface Losses {
  readonly asked: number;
  readonly unparseable: number;
  readonly truncated: number;
  /** Found fault with by the server, such as a prompt that is too long. */
  readonly refused: number;
  /** Without an answer for what had nothing to do with it. */
  readonly failed: number;
}

export interface VerifierEvaluation {
  readonly judge: string;
  /** Who wrote the meta-analyses, if there were any. */
  readonly metaJudge?: string | undefined;
  readonly n: number;
  readonly m: number;
  readonly figures: Readonly<Record<VerifierFigure, Figure>>;
  /** Of single verdicts, and of majorities (`malformed`: undecided or lost); as they were given, 0.5 too. */
  readonly confusion: Confusion;
  readonly majorityConfusion: Confusion;
  readonly f1ByClass: Readonly<Record<ScoreKey, Figure>>;
  readonly reliability: readonly ReliabilityBin[];
  /** n / (1 + (n − 1)ρ), of the verdicts and of their errors. */
  readonly effective: Figure;
  readonly effectiveOfErrors: Figure;
  readonly byTopic: readonly { readonly topic: string; readonly proofs: number; readonly majorityAccuracy: Figure }[];
  readonly grid: readonly GridRow[];
  readonly losses: { readonly verify: Losses; readonly metaVerify: Losses };
  readonly spent: Spent;
}

/** An answer of a generator to a problem, and what its proof is worth. */
export interface GradedAnswer {
  readonly problem: string;
  readonly topic: string;
  /** `withoutProof`: the answer could not be read; `lost`: too few verdicts could. */
  readonly score: number | 'withoutProof' | 'lost';
}

export type GeneratorFigures = Readonly<Record<GeneratorFigure, Figure>>;

export interface GeneratorEvaluation {
  readonly generator: string;
  readonly problems: number;
  readonly answers: number;
  readonly figures: GeneratorFigures;
  readonly byTopic: readonly TopicFigures[];
  /** Of the answers; absent where people's grades are read. */
  readonly losses?: { readonly prove: Losses; readonly verify: Losses } | undefined;
  readonly spent: Spent;
}

export interface TopicFigures {
  readonly topic: string;
  readonly problems: number;
  readonly figures: GeneratorFigures;
}

/** Who says what the truth is. */
export interface TruthFacts extends TruthScale {
  /** Who graded. */
  readonly by: string;
  /** The file, and what public set it is, where it is one. */
  readonly set: string;
  /** What the grades became, in words. */
  readonly scale: string;
  readonly proofs: number;
  readonly problems: number;
  readonly byScore: Readonly<Record<ScoreKey, number>>;
  /** Rows of the file that were left out, by why. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** The first model against the second, paired by problem: second − first. */
export type Differences<Name extends string> = Readonly<Record<Name, Difference | null>>;

/** `products/evaluate/<name>/report.json`. */
export type EvaluationReport = EvaluationFacts &
  (
    | {
        readonly subject: 'verifier';
        readonly truth: TruthFacts;
        /** The best that one answer to everything can do. */
        readonly constant: { readonly score: number; readonly accuracy: number } | null;
        readonly models: readonly VerifierEvaluation[];
        readonly differences?: Differences<VerifierFigure> | undefined;
      }
    | {
        readonly subject: 'generator';
        /** Who scored the proofs: a model, n analyses each, or the people of a graded set. */
        readonly by:
          | { readonly kind: 'model'; readonly judge: string; readonly n: number }
          | { readonly kind: 'people'; readonly truth: TruthFacts };
        readonly models: readonly GeneratorEvaluation[];
        readonly differences?: Differences<GeneratorFigure> | undefined;
      }
  );

export interface EvaluationFacts {
  readonly name: string;
  /** Whether all was asked: no cap ended it before. */
  readonly isWhole: boolean;
  /** What a person should know of these figures. */
  readonly notes: readonly string[];
  readonly seed: number;
}
