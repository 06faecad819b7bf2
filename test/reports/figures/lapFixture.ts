import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileStore } from '../../../activities/store/files.ts';
import { NOTHING } from '../../../shared/lap/amounts.ts';
import type { Checker } from '../../../shared/domain.ts';
import type { EvaluationSet, LapManifest, SetRecord } from '../../../shared/lap/manifest.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { AnalysisRow, DatasetRef, Problem, ProofRow, Task } from '../../../shared/records.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { STAGE_NAMES, type StageName } from '../../../shared/stages.ts';
import type { Score } from '../../../shared/scores.ts';
import type { LabelRow } from '../../../shared/sampling/sets.ts';
import { uri } from '../../../shared/ids.ts';

/** A toy domain whose texts say what they are worth, so that every expected figure can be counted by hand. */
export const toyChecker: Checker = {
  name: 'toy checker',
  proofScore: (_, proof) => Number(/worth (\S+)/.exec(proof)?.[1] ?? 0) as Score,
  analysis: (_, proof, analysis) => {
    const number = (key: string): number => Number(new RegExp(`${key}=(\\S+)`).exec(analysis)?.[1] ?? 0);
    return {
      quality: number('quality') as Score,
      claimedIssues: number('claimed'),
      realClaimedIssues: number('real'),
      flaws: proof.includes('worth 1') ? 0 : 2,
      flawsReported: number('found'),
      remarks: 1,
      remarksReported: number('remarked'),
      falseRemarks: number('falselyRemarked'),
    };
  },
};

export const problem = (index: number, difficulty = 2): Problem => ({
  id: `p${index}`,
  statement: `Prove claim ${index}.`,
  topic: 'toys',
  source: 'test',
  difficulty,
});
export const proofOf = (worth: Score): string => `worth ${worth} of a proof`;
export const proofRow = (index: number, worth: Score, difficulty = 2): ProofRow => ({
  id: `proof-${index}`,
  problem: problem(index, difficulty),
  proof: proofOf(worth),
  model: 'm',
});

const OPENING = 'Here is my evaluation of the solution:';
const CLOSING = 'Based on my evaluation, the final overall score should be:';

export interface Said {
  readonly quality?: Score;
  readonly claimed?: number;
  readonly real?: number;
  readonly found?: number;
  readonly remarked?: number;
  readonly falselyRemarked?: number;
}

export const analysisText = (score: Score, said: Said = {}): string =>
  `${OPENING}\n${Object.entries(said)
    .map(([key, count]) => `${key}=${count}`)
    .join(' ')}\n${CLOSING} \\boxed{${score}}`;
export const metaText = (score: Score): string =>
  'Here is my analysis of the "solution evaluation":\nwell\nBased on my analysis, I will rate the "solution ' +
  `evaluation" as: \\boxed{${score}}`;
export const provedText = (worth: Score): string => `## Solution\n${proofOf(worth)}`;
export const selfVerifiedText = (worth: Score, claimed: Score): string =>
  `## Solution\n${proofOf(worth)}\n## Self Evaluation\n${analysisText(claimed)}`;

export function outcome(row: string, task: Task, text: string, over: Partial<Outcome> = {}): Outcome {
  const sample = over.sample ?? 0;
  return {
    key: `${row}-${task}-${sample}-${text.length}`,
    row,
    sample,
    kind: 'answered',
    task,
    model: 'a'.repeat(64),
    seed: 1,
    text,
    latencyMs: 5,
    requests: 1,
    ...over,
  };
}

export const malformed = (row: string, task: Task): Outcome => outcome(row, task, 'no idea', { kind: 'unparseable' });

export function failed(row: string, task: Task): Outcome {
  const { text: _, ...rest } = outcome(row, task, '', { kind: 'failed', reason: 'gone' });
  return rest;
}

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A folder that goes when the tests of the file have ended. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flywheel-evaluation-'));
  folders.push(folder);
  return folder;
}

export const newStore = async (): Promise<FileStore> => new FileStore(await newFolder());

/** A finished set of one shard, as the engine leaves it: a plan and a sealed ledger. */
export async function writeSet(store: FileStore, setId: string, outcomes: readonly Outcome[]): Promise<void> {
  await store.writeJson(uri.shardPlan(setId), { shards: [{}] });
  await writeFile(
    store.path(`${uri.shard(setId, 0)}.gz`),
    gzipSync(outcomes.map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
}

export interface LapParts {
  /** That each training waited before its minute. @default none */
  readonly queuedSeconds?: number;
  /** @default main/lap-0001 */
  readonly lap?: string;
  readonly recipe?: Recipe;
  readonly heldOut?: readonly Problem[];
  readonly proofs?: readonly ProofRow[];
  readonly analyses?: readonly AnalysisRow[];
  /** By `subject model decoding`, such as `verifier verifierV1 sampled`. */
  readonly sets?: Readonly<Record<string, readonly Outcome[]>>;
  readonly labelled?: readonly { readonly proof: ProofRow; readonly row: Omit<LabelRow, 'proofId'> }[];
  readonly verdicts?: readonly Outcome[];
  readonly expert?: number;
  /** Rewards per step, by stage; a stage takes 60 s. */
  readonly rewards?: Partial<Record<StageName, readonly number[]>>;
  readonly records?: readonly SetRecord[];
  readonly phases?: LapManifest['phases'];
}

const START = Date.parse('2026-01-01T00:00:00.000Z');
export const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const digest = (character: string): string => character.repeat(64);

/** Writes the artifacts of a finished lap, and its manifest. Whatever is not given is empty. */
export async function writeLap(store: FileStore, parts: LapParts = {}): Promise<LapManifest> {
  const lap = parts.lap ?? 'main/lap-0001';
  const rows = (name: string, content: readonly unknown[] = []): Promise<DatasetRef> =>
    store.writeJsonl(`datasets/${lap}/${name}.jsonl`, content);
  const none = await rows('none');
  const sets: EvaluationSet[] = [];
  for (const [name, outcomes] of Object.entries(parts.sets ?? {})) {
    const [subject, model, decoding] = name.split(' ') as [
      EvaluationSet['subject'],
      EvaluationSet['model'],
      EvaluationSet['decoding'],
    ];
    const setId = `${lap}/evaluation/${subject}-${model}-${decoding}`;
    await writeSet(store, setId, outcomes);
    sets.push({ subject, model, decoding, setId });
  }
  const labelled = parts.labelled ?? [];
  const kinds = labelled.map(({ row }) => row.decision.kind);
  const setId = `${lap}/label/verdicts`;
  await writeSet(store, setId, parts.verdicts ?? []);
  for (const record of parts.records ?? []) await writeSet(store, record.setId, []);
  const stages = await Promise.all(
    STAGE_NAMES.filter((name) => parts.rewards?.[name]).map(async (name, index) => {
      const rewards = parts.rewards?.[name] ?? [];
      const jobKey = `${lap}/${name}`;
      await store.writeJsonl(
        `jobs/${jobKey}/metrics.jsonl`,
        rewards.map((reward, step) => metricsLine(step + 1, reward)),
      );
      return {
        name,
        jobKey,
        checkpoint: { uri: `checkpoints/${digest(String(index + 1))}`, sha256: digest(String(index + 1)) },
        datasets: [],
        steps: rewards.length,
        stopReason: 'maxSteps' as const,
        reward: { first: rewards[0] ?? 0, last: rewards.at(-1) ?? 0 },
        attempts: 1,
        trainingSeconds: 60,
        ...(parts.queuedSeconds && { queuedSeconds: parts.queuedSeconds }),
        startedAt: at(20 + 80 * index),
      };
    }),
  );
  const base = { uri: `checkpoints/${digest('0')}`, sha256: digest('0') };
  const manifest: LapManifest = {
    lap,
    turn: 1,
    recipe: parts.recipe ?? rehearsal,
    recipeSha256: digest('e'),
    prompts: { name: 'rehearsal', sha256: digest('f') },
    startedAt: at(0),
    endedAt: at(500),
    plan: await store.writeJson(`laps/${lap}/plan.json`, { phases: [], total: { expected: NOTHING } }),
    problems: { train: none, validation: none, heldOut: await rows('held-out', parts.heldOut), next: none },
    base,
    proofScores: { train: [none], validation: none, grown: none },
    analysisScores: { train: [none], validation: none },
    models: { generator: base, verifier: base, metaVerifier: base },
    stages,
    sets: [
      ...(parts.records ?? []),
      { ...emptySet(setId), phase: 'scaleVerification', startedAt: at(0), wallSeconds: 0 },
    ],
    reviews: [],
    labels: {
      proofs: await rows(
        'label/proofs',
        labelled.map(({ proof }) => proof),
      ),
      writtenIn: `${lap}/label/proofs`,
      expert: parts.expert ?? 0,
      set: {
        ...emptySet(setId),
        labels: {
          total: labelled.length,
          auto: kinds.filter((kind) => kind === 'labelled').length,
          contested: kinds.filter((kind) => kind === 'contested').length,
          unresolved: kinds.filter((kind) => kind === 'unresolved').length,
        },
        decisions: await rows(
          'label/decisions',
          labelled.map(({ proof, row }) => ({ proofId: proof.id, ...row })),
        ),
      },
    },
    evaluation: {
      proofs: await rows('evaluation/proofs', parts.proofs),
      analyses: await rows('evaluation/analyses', parts.analyses),
      sets,
    },
    phases: parts.phases ?? [],
  };
  await store.writeJson(`laps/${lap}/manifest.json`, manifest);
  return manifest;
}

export function emptySet(setId: string) {
  return {
    setId,
    shards: 1,
    rows: 0,
    counts: { answered: 0, unparseable: 0, truncated: 0, failed: 0 },
    usage: { promptTokens: 0, completionTokens: 0 },
    requests: 0,
    inferenceSeconds: 0,
  };
}

export function metricsLine(step: number, reward: number) {
  return {
    step,
    reward,
    rewardStd: 0.2,
    flatGroupShare: 0.25,
    unscorable: 0,
    components: {},
    completionTokens: 40,
    truncatedShare: 0,
    loss: 0,
    learningRate: 1e-4,
    sampleSeconds: 1,
    rewardSeconds: 0.3,
    stepSeconds: 2,
  };
}

export function labelRow(decision: LabelRow['decision']): Omit<LabelRow, 'proofId'> {
  return { decision, analyses: 4, metaAnalyses: 2, hardToVerify: false, stopReason: 'decided' };
}
