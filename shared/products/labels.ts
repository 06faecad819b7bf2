import type { Labelling, LabellingName } from '../label/policies.ts';
import type { EvidenceCounts } from '../label/decided.ts';
import type { Place } from '../ids.ts';
import type { ArtifactRef, DatasetRef, Problem, PromptSetRef } from '../records.ts';
import type { ReviewPolicy, ReviewResult } from '../review/reviews.ts';
import type { AutoLabelPolicy, LabelCounts, LabelDecision } from '../sampling/sets.ts';
import type { ProofScore } from '../scores.ts';
import type { Spent } from './caps.ts';
import type { OpenedProduct, ProductInput } from './input.ts';
import type { AskedModel, ModelChoice } from './models.ts';

/** Some of a labelling; the rest is as `like` has it. */
export type LabellingChoice = { readonly [Field in keyof Labelling]?: Labelling[Field] | undefined } & {
  /** @default team */
  readonly like?: LabellingName | undefined;
};

/** Whom contested proofs are asked of: people (paper 2.3). */
export interface AskPeople {
  /** People who answer independently; a lead decides where they differ. @default 2 */
  readonly seats?: number | undefined;
  /** A seat that somebody has taken is free again after this. @default 60 */
  readonly leaseMinutes?: number | undefined;
  /** For how long answers are waited for. @default until all have come */
  readonly deadlineHours?: number | undefined;
  /** Whether it waits for them at all. @default true */
  readonly wait?: boolean | undefined;
}

export interface LabelInput extends ProductInput {
  /** A file of the store with proofs: of `flywheel import candidates`, or what a `solve` came to. */
  readonly proofs: string;
  /** The model that analyses proofs. @default the lap's verifier */
  readonly verifier?: ModelChoice | undefined;
  /** The model that analyses analyses. @default the verifier, or whom phase 4 of the lap had judge them */
  readonly metaVerifier?: ModelChoice | undefined;
  /** n, m, k and the rule. @default the lap's, else team */
  readonly policy?: LabellingName | LabellingChoice | undefined;
  /** Asks people about what has no automatic label. @default nobody is asked */
  readonly ask?: AskPeople | undefined;
}

export interface OpenedLabel extends OpenedProduct {
  /** ProofRows. */
  readonly proofs: DatasetRef;
  readonly problems: number;
  readonly verifier: AskedModel;
  readonly metaVerifier: AskedModel;
  readonly labelling: Labelling;
  readonly ask?: AskedPeople | undefined;
}

export interface AskedPeople extends Pick<ReviewPolicy, 'seats' | 'leaseMinutes' | 'deadlineHours'> {
  /** For how long answers are waited for; null: until all have come. */
  readonly waitHours: number | null;
}

/** The set of verdicts of a `label`, and questions of it to people that were asked together. */
export const verdictsOf = (place: Place) => `${place}/verdicts`;
export const questionsOf = (place: Place, round: number) => `${place}/experts${round === 0 ? '' : `-${round + 1}`}`;

/** A review set of a `label`. */
export interface AskedQuestions {
  readonly setId: string;
  /** ProofRows, one a question. */
  readonly subject: DatasetRef;
  /** Questions without a result. */
  readonly open: number;
}

/** What people made of a proof that was asked about. */
export interface PeoplesWord {
  /** The review set's. */
  readonly setId: string;
  readonly result: ReviewResult;
  /** The scores that they gave, the lead's last. */
  readonly scores: readonly ProofScore[];
}

/** A proof with all that its line of `labels.jsonl` says. */
export interface LabelledProof {
  readonly id: string;
  /** As the file has it, where that could not be an id of ours. */
  readonly givenId?: string | undefined;
  readonly problem: Problem;
  readonly proof: string;
  /** Who wrote the proof, as far as the file says. */
  readonly model: string;
  readonly label: ProofScore | null;
  readonly labelledBy: 'auto' | 'expert' | 'program' | 'nobody';
  /** The rule's. */
  readonly decision: LabelDecision;
  readonly hardToVerify: boolean;
  readonly counts: EvidenceCounts;
  /** Calls on the ledger about it, those that were asked again included. */
  readonly calls: number;
  readonly people?: PeoplesWord | undefined;
}

export const LABELS = ['0', '0.5', '1'] as const;
export type LabelName = (typeof LABELS)[number];

/** Proofs by label; `none` has none. */
export type ByLabel = Readonly<Record<LabelName | 'none', number>>;

/** `products/label/<name>/report.json`. */
export interface LabelReport {
  readonly name: string;
  readonly proofs: number;
  readonly problems: number;
  readonly input: ArtifactRef;
  readonly policy: AutoLabelPolicy;
  readonly waves: readonly number[];
  readonly verifier: string;
  /** Null without meta-verification. */
  readonly metaVerifier: string | null;
  readonly prompts: PromptSetRef;
  readonly seed: number;
  readonly labels: ByLabel;
  readonly labelledBy: Readonly<Record<LabelledProof['labelledBy'], number>>;
  /** The rule's decisions; `capped` are of the unresolved. */
  readonly decisions: LabelCounts & { readonly capped: number };
  readonly topics: readonly (ByLabel & { readonly topic: string; readonly proofs: number })[];
  /** Questions to people by what they came to. */
  readonly people: Readonly<Record<ReviewResult['kind'], number>> & { readonly asked: number };
  /** Verdicts lost at the first attempt, in words; empty where there were none. */
  readonly losses: string;
  /** Calls for verdicts that the labels rest on, and what all n × m of these proofs would have been at most. */
  readonly calls: { readonly analyses: number; readonly metaAnalyses: number; readonly most: number };
  readonly spent: Spent;
  readonly warnings: readonly string[];
  /** The product whose verdicts were decided again, without a call. */
  readonly relabelled?: string | undefined;
}

/** Query `progress` of the workflow `label`. */
export interface LabelProgress {
  /** Absent until the input is read. */
  readonly name?: string | undefined;
  readonly step: 'reads its input' | 'labels' | 'waits for people' | 'writes' | 'has ended';
  readonly proofs: number;
  /** Set whose own `progress` tells of its verdicts. */
  readonly verdicts?: string | undefined;
  /** The rule's decisions, when all verdicts have come or the caps are reached. */
  readonly labels?: LabelCounts | undefined;
  readonly capped: boolean;
  /** Questions that were open when it began to wait for them. */
  readonly asked: number;
}

/** What the workflow `label` comes to. */
export interface LabelResult {
  readonly place: Place;
  /** One line a proof: `labels.jsonl`. */
  readonly labels: DatasetRef;
  /** The same as `labels.parquet`. */
  readonly parquet: ArtifactRef;
  /** Analyses that decided: `evidence.jsonl`. */
  readonly evidence: DatasetRef;
  /** Proofs without a label: `contested.jsonl`. */
  readonly contested: DatasetRef;
  readonly page: ArtifactRef;
  readonly byLabel: ByLabel;
  readonly labelledBy: LabelReport['labelledBy'];
  readonly decisions: LabelReport['decisions'];
  readonly people: LabelReport['people'];
  readonly spent: Spent;
}
