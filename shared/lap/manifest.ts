import type { ArtifactRef, CheckpointRef, DatasetRef, Task, PromptSetRef } from '../records.ts';
import type { Place } from '../ids.ts';
import type { SearchPolicy } from '../products/search.ts';
import { NOTHING_NEW } from './grown.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { InitName, StageName } from '../stages.ts';
import type { ReviewSetResult } from '../review/reviews.ts';
import type { LateRecord } from '../review/late.ts';
import type { TakenTraining } from '../training/taken.ts';
import type { LongRows } from '../training/job.ts';
import type { LabelSetResult, SetResult } from '../sampling/sets.ts';
import { auditText, type LabelAudit } from '../label/audit.ts';
import type { ProofScore } from '../scores.ts';

/**
 * `laps/<lapId>/manifest.json`: all a lap read and wrote, by reference. Every reported figure can be recomputed from
 * it.
 */
export interface LapManifest {
  /** `<run>/lap-NNNN`. */
  readonly lap: string;
  /**
   * The lap that this one went on from, and its manifest as it was: the chain can be walked back to the first expert's
   * score.
   */
  readonly parent?: { readonly lap: string; readonly manifest: ArtifactRef };
  /** The lap that it mends, and those that that one mended, the newest first; absent where it mends none. */
  readonly mended?: readonly string[];
  /** Place in its chain, counted from 1. */
  readonly turn: number;
  readonly recipe: Recipe;
  readonly recipeSha256: string;
  /** What the lap was expected to take, as `LapPlan`. */
  readonly plan: ArtifactRef;
  readonly prompts: PromptSetRef;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly problems: ProblemSplits;
  readonly base: CheckpointRef;
  /**
   * D_v: what the verifier trains on, its ancestors' datasets first (by reference), and what phase 4 adds for the next
   * lap.
   */
  readonly proofScores: GrownDataset & { readonly grown: DatasetRef };
  /** D_mv; absent without meta-verification. */
  readonly analysisScores?: GrownDataset;
  readonly models: LapModels;
  readonly consolidation?: ConsolidationRecord;
  readonly stages: readonly StageRecord[];
  readonly sets: readonly SetRecord[];
  readonly reviews: readonly ReviewSetResult[];
  /** What became of questions that earlier laps had gone on without; absent in lap 1. */
  readonly late?: LateRecord;
  readonly labels: LabelRecord;
  readonly evaluation: EvaluationRecord;
  readonly phases: readonly PhaseRecord[];
}

/**
 * A dataset that grows lap by lap: never copied, its parts are listed. `validation` is lap 1's; `grown` what this lap
 * adds for the next; `learned`, of D_mv, how many of its parts the meta-verifier in force was trained on (absent: all).
 */
export interface GrownDataset {
  readonly train: readonly DatasetRef[];
  readonly grown?: DatasetRef;
  readonly learned?: number;
  readonly validation: DatasetRef;
}

/** The models that a lap ends with, from which the next one goes on. */
export interface LapModels {
  /** The final generator. */
  readonly generator: CheckpointRef;
  /**
   * The verifier that rewarded it and labelled its proofs: this lap's, or the parent's where verifiers are not
   * retrained.
   */
  readonly verifier: CheckpointRef;
  /** The frozen meta-verifier; absent without meta-verification. */
  readonly metaVerifier?: CheckpointRef;
  /** The verifier of lap 1, in the laps after it. */
  readonly firstVerifier?: CheckpointRef;
}

export interface ProblemSplits {
  readonly train: DatasetRef;
  readonly validation: DatasetRef;
  readonly heldOut: DatasetRef;
  /** What phase 4 labels proofs of: the next difficulty where there is a curriculum, else the training problems. */
  readonly next: DatasetRef;
  /** Ids of problems that were given and left out, each with why. @default none */
  readonly leftOut?: DatasetRef;
  /** `AlikePair`s: near-equal statements, which are one problem each. @default there are none */
  readonly alike?: { readonly exact: number; readonly near: number; readonly pairs: DatasetRef };
  /** `FaultyProblem`s that people confirmed: nothing samples, labels or trains on them any more. @default none */
  readonly faulty?: DatasetRef;
}

export interface StageRecord {
  readonly name: StageName;
  /** Also the folder `jobs/<jobKey>/` (job file, metrics.jsonl, result.json) and `rewards/<jobKey>/`. */
  readonly jobKey: string;
  readonly checkpoint: CheckpointRef;
  readonly datasets: readonly DatasetRef[];
  readonly steps: number;
  readonly stopReason: 'maxSteps' | 'saturated' | 'watch';
  readonly reward: { readonly first: number; readonly last: number };
  readonly attempts: number;
  /** In which it ran. */
  readonly trainingSeconds: number;
  /** In which it waited in a cluster's queue; absent where it did not. */
  readonly queuedSeconds?: number;
  /** Rows that were left out because they are too long; absent where there were none. */
  readonly longRows?: LongRows;
  /** Watches that struck, in a person's words; absent where none did. */
  readonly watched?: readonly string[];
  /** What a person should know of it: that a watch struck, that it taught nothing, and why. */
  readonly warnings?: readonly string[];
  /** Of an equal training of an earlier lap; attempts and seconds are this one's own. Absent: nothing. */
  readonly taken?: TakenTraining;
  /** When it was submitted; with it the report can tell what ran side by side. */
  readonly startedAt: string;
}

/** Rejection fine-tuning on a parent's own answers (paper 3.1). */
export interface ConsolidationRecord extends Omit<StageRecord, 'name' | 'datasets' | 'stopReason' | 'reward'> {
  readonly init: CheckpointRef;
  /** TrainingRows with completions. */
  readonly dataset: DatasetRef;
  readonly skills: readonly SkillCounts[];
}

/**
 * How many answers of one skill there were, how many passed, how many of those were distinct, and how many were chosen,
 * by score and by topic.
 */
export interface SkillCounts {
  readonly skill: 'proofs' | 'selfAnalyses' | 'analyses' | 'metaAnalyses';
  readonly seen: number;
  readonly passed: number;
  readonly distinct: number;
  readonly chosen: number;
  readonly byScore: Readonly<Record<string, number>>;
  readonly byTopic: Readonly<Record<string, number>>;
}

export interface SetRecord extends SetResult {
  /** The `PhaseRecord` it belongs to. */
  readonly phase: string;
  /** What was asked; absent where both kinds of verdicts were (labels). */
  readonly task?: Task;
  readonly wallSeconds: number;
  readonly startedAt: string;
}

export interface LabelRecord {
  readonly proofs: DatasetRef;
  /** The set of answers in which this lap's generator wrote them. */
  readonly writtenIn: string;
  readonly set: LabelSetResult;
  /** Contested and unresolved proofs that experts scored. */
  readonly expert: number;
  /** ProofRows left to the next lap, where the recipe carries contested proofs on. */
  readonly carried?: DatasetRef;
  /** What people's blind sample says of each label; absent where it decides nothing (recipe: `audit`). */
  readonly audits?: readonly LabelAudit[];
  /** That sample, as people scored it: what of a proof is learned then. */
  readonly audited?: readonly DatasetRef[];
  /** Audited proofs whose score is people's instead of their label. */
  readonly corrected?: number;
  /** Automatic labels that nothing is trained on, until a lead releases them for later laps. */
  readonly held?: readonly HeldLabels[];
}

/** ScoredProofs of one label. */
export interface HeldLabels {
  readonly score: ProofScore;
  readonly rows: DatasetRef;
}

/** The fixed held-out sets, and what each model did with them. */
export interface EvaluationRecord {
  /** ProofRows of the base on held-out problems, balanced by true score: what verifiers are measured on. */
  readonly proofs: DatasetRef;
  /** AnalysisRows on those proofs: what meta-verifiers are measured on. Absent without meta-verification. */
  readonly analyses?: DatasetRef | undefined;
  readonly sets: readonly EvaluationSet[];
  /** What held-out answers are worth in models' own eyes and by people; absent where the recipe asks for neither. */
  readonly judged?: JudgedRecord | undefined;
  /** What models did at test time with the lap's verifier; absent where the recipe asks for nothing. */
  readonly testTime?: readonly TestTimeRecord[] | undefined;
}

/** Whose search a lap measures: the final generator's, or the base's. */
export type Searcher = Extract<InitName, 'base' | 'selfVerification'>;
export type SolveName = `${'search' | 'refinement'}-${Searcher}`;

/** A search or a refinement of held-out problems. */
export interface TestTimeRecord {
  /** The order's. */
  readonly name: SolveName;
  readonly policy: SearchPolicy;
  readonly model: Searcher;
  readonly generator: CheckpointRef;
  readonly verifier: CheckpointRef;
  /** Where all that it made lies, and its sets. */
  readonly place: Place;
  /** SetRows, one a problem; and what it came to, a line each (`SolvedProblem`, `RefinedProblem`). */
  readonly problems: DatasetRef;
  readonly results: DatasetRef;
  readonly startedAt: string;
  readonly wallSeconds: number;
}

/** Judges of held-out answers, none of which is the truth: what each was asked about, and where it answered. */
export interface JudgedRecord {
  /** ProofRows of all generators that are measured in the lap, by whatever lap they were trained. */
  readonly written: DatasetRef;
  /** The lap's verifier, and its verdicts on all of them. */
  readonly verdicts?: { readonly by: CheckpointRef; readonly setId: string } | undefined;
  /** The frozen meta-verifier, and what it made of the analyses of the verifiers that the lap compares. */
  readonly rated?: { readonly by: CheckpointRef; readonly setId: string; readonly analyses: DatasetRef } | undefined;
  /** The final generator's proofs that people were asked about, blind. */
  readonly people?: DatasetRef | undefined;
}

export interface EvaluationSet {
  readonly subject: 'verifier' | 'metaVerifier' | 'generator' | 'selfVerification';
  /** Which model: the base, a training of this lap, or `parent`: what the parent ended with, measured in its lap. */
  readonly model: 'parent' | InitName;
  readonly decoding: 'sampled' | 'greedy';
  readonly setId: string;
}

/**
 * A part of the lap, such as `coldStart` or a stage's name. Phases may overlap: evaluations run beside the next
 * training.
 */
export interface PhaseRecord {
  readonly name: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** All trainings of a lap: the consolidation, and the stages. */
export const trainingsOf = ({ consolidation, stages }: Pick<LapManifest, 'consolidation' | 'stages'>) => [
  ...(consolidation ? [{ ...consolidation, name: 'consolidation' as const, datasets: [consolidation.dataset] }] : []),
  ...stages,
];

/** What came to nothing in a lap, or nearly so: sets, trainings, skills of a consolidation, labels. */
export const warningsOf = ({
  lap,
  sets,
  labels: { set, expert, audits = [] },
  recipe,
  turn,
  ...trained
}: Pick<LapManifest, 'lap' | 'sets' | 'labels' | 'consolidation' | 'stages' | 'recipe' | 'turn'>): string[] => [
  ...(turn > 1 &&
  recipe.metaVerification &&
  recipe.retrainMetaVerifier &&
  !trained.stages.some(({ name }) => name === 'metaVerifier')
    ? [NOTHING_NEW]
    : []),
  ...sets.flatMap(({ warning }) => warning ?? []),
  ...trainingsOf(trained).flatMap(({ warnings }) => warnings ?? []),
  ...(trained.consolidation?.skills ?? []).flatMap(({ skill, seen, passed }) =>
    passed > 0 ? [] : [`${lap} consolidated no ${SKILLS[skill]}: of ${seen} none passed`],
  ),
  ...(set.labels.total > 0 && set.labels.auto + expert === 0
    ? [
        `${set.setId}: none of ${set.labels.total} proofs got a label (${set.labels.contested} contested, ` +
          `${set.labels.unresolved} unresolved), so D_v does not grow. What helps: more analyses ` +
          '(labelling.analysesPerProof), fewer that must agree (labelling.minValidAnalyses), or experts ' +
          '(labelling.contested: ask)',
      ]
    : []),
  ...audits.flatMap((audit) => (audit.labels === 0 || audit.verdict === 'shown' ? [] : [auditText(audit, lap)])),
];

const SKILLS = {
  proofs: 'proofs',
  selfAnalyses: 'self-analyses',
  analyses: 'analyses',
  metaAnalyses: 'meta-analyses',
} as const;
