import { MockActivityEnvironment } from '@temporalio/testing';
import { chooseScored, rightAnalyses, writeConsolidation } from '../../../activities/datasets/consolidation.ts';
import { writeProblems } from '../../../activities/datasets/problems.ts';
import * as proofs from '../../../activities/datasets/proofs.ts';
import { writeRewardSpec, writeTrainingRows } from '../../../activities/datasets/trainingData.ts';
import { writeManifest } from '../../../activities/laps/parent.ts';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { collectLabels } from '../../../activities/sets/outcomes.ts';
import { cutIntoShards } from '../../../activities/sets/shards.ts';
import {
  checkpointDigest,
  checkpointRef,
  importCheckpoint,
  recordMade,
} from '../../../activities/store/checkpoints.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { madeBy } from '../../../activities/store/made.ts';
import { madeOf } from '../../../activities/training/outcome.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { placeOf, seriesOfLap, setIdOf, uri } from '../../../shared/ids.ts';
import type { LabelRecord, LapManifest, ProblemSplits, SetRecord, StageRecord } from '../../../shared/lap/manifest.ts';
import { labelPolicy } from '../../../shared/lap/phases.ts';
import type { CheckpointRef, DatasetRef, PromptSetRef, Task } from '../../../shared/records.ts';
import type { ReviewSetInput, ReviewSetResult } from '../../../shared/review/reviews.ts';
import type { RewardSpec } from '../../../shared/reward/protocol.ts';
import type { LabelRow } from '../../../shared/sampling/sets.ts';
import type { Score } from '../../../shared/scores.ts';
import type { StageName } from '../../../shared/stages.ts';
import { checkpointFolder as tinyCheckpoint } from '../../activities/store/checkpointFixture.ts';
import {
  analysisText,
  at,
  emptySet,
  labelRow,
  outcome,
  problem,
  provedText,
  selfVerifiedText,
  writeSet,
} from '../figures/lapFixture.ts';

export const FIRST = 'main/lap-0001';
export const SECOND = 'main/lap-0002';
export const recipe = { ...rehearsal, metaVerification: false };

/** What the steps of a lap write, with one row wherever rows are. */
export class FakeLaps {
  readonly #store: FileStore;
  readonly #prompts: PromptSetRef;

  constructor(store: FileStore, prompts: PromptSetRef) {
    this.#store = store;
    this.#prompts = prompts;
  }

  problems(lap: string, from: number): Promise<ProblemSplits> {
    const splits = { train: [problem(from)], validation: [], heldOut: [problem(9)], next: [problem(from + 1)] };
    return writeProblems(this.#store, lap, { ...splits, made: madeBy('openLap', {}) });
  }

  async coldStart(problems: ProblemSplits, base: CheckpointRef) {
    const store = this.#store;
    const place = placeOf(FIRST, 'coldStart');
    const rows = await proofs.chooseProblems(store, {
      to: uri.dataset(place, 'problems'),
      problems: [problems.train],
      count: 1,
      seed: 1,
    });
    const drafts = await this.#answers(setIdOf(place, 'draft'), 'prove', rows, base, provedText(0));
    const to = uri.dataset(place, 'round-0');
    const collected = { to, setId: drafts.setId, rows, task: 'prove', round: 0, series: 'r0' } as const;
    const subject = await proofs.collectProofs(store, collected);
    const review = await this.#experts(setIdOf(place, 'experts'), subject);
    const { validation } = problems;
    const proofScores = await proofs.recordProofScores(store, {
      lap: FIRST,
      subject,
      results: review.results,
      validation,
    });
    return { drafts, review, proofScores };
  }

  /** A training, with what its trainer leaves. */
  async train(
    lap: string,
    name: StageName,
    init: CheckpointRef,
    rows: DatasetRef,
    task: Task,
    verifier?: CheckpointRef,
  ): Promise<StageRecord> {
    const jobKey = placeOf(lap, name);
    const dataset = await writeTrainingRows(this.#store, {
      to: uri.dataset(jobKey, `1-${task}`),
      prompts: this.#prompts,
      source: { task: task as 'prove', rows },
    });
    const judges: RewardSpec['judges'] = verifier ? { verifier: { role: 'verifier', checkpoint: verifier } } : {};
    const { rewards, sampling } = recipe;
    const { sha256 } = await writeRewardSpec(this.#store, {
      ...rewards,
      jobKey,
      prompts: this.#prompts,
      judges,
      useMetaReward: false,
      sampling: { verify: sampling.verify, metaVerify: sampling.metaVerify },
      seed: 1,
    });
    const checkpoint = await this.#checkpoint(jobKey, init, dataset, sha256);
    const ran = { attempts: 1, trainingSeconds: 1, startedAt: at(1) };
    return { name, jobKey, checkpoint, datasets: [dataset], ...TRAINED, ...ran };
  }

  async generators(lap: string, verifier: CheckpointRef, rows: DatasetRef) {
    const generator = await this.train(lap, 'generator', verifier, rows, 'prove', verifier);
    const final = await this.train(lap, 'selfVerification', generator.checkpoint, rows, 'selfVerify', verifier);
    return [generator, final] as const;
  }

  /** A proof that the lap's generator wrote, and the verifier labelled. */
  async label(lap: string, turn: number, next: DatasetRef, generator: CheckpointRef, verifier: CheckpointRef) {
    const store = this.#store;
    const place = placeOf(lap, 'scaleVerification');
    const rows = await proofs.chooseProblems(store, {
      to: uri.dataset(place, 'problems'),
      problems: [next],
      count: 1,
      seed: 1,
    });
    const setId = setIdOf(place, 'proofs');
    const written = await this.#answers(setId, 'selfVerify', rows, generator, selfVerifiedText(1, 1));
    const series = seriesOfLap(turn);
    const to = uri.dataset(place, 'candidates');
    const collected = { to, setId, rows, task: 'selfVerify', round: 0, series } as const;
    const candidates = await proofs.collectProofs(store, collected);
    const verdicts = setIdOf(place, 'verdicts');
    const [row] = await store.readRows<{ id: string }>(candidates);
    const label: LabelRow = { proofId: row?.id ?? '', ...labelRow({ kind: 'labelled', score: 1 }), order: ['4'] };
    const shard = await store.writeJsonl(
      uri.shardLabels(verdicts, 0),
      [label],
      madeBy('labelShard', { proofs: candidates, verdicts }),
    );
    const set = await this.#answers(verdicts, 'verify', candidates, verifier, analysisText(1), 1, { decisions: shard });
    const decisions = await collectLabels(store, verdicts);
    const grown = await proofs.growProofScores(store, {
      lap,
      proofs: candidates,
      decisions,
      experts: [],
      carry: false,
    });
    const counts = { total: 1, auto: 1, contested: 0, unresolved: 0 };
    const labels: LabelRecord = {
      proofs: candidates,
      writtenIn: written.setId,
      expert: 0,
      set: { ...set, labels: counts, decisions },
    };
    return { sets: [written, set], labels, grown: grown.grown };
  }

  async consolidate({ labels, models }: LapManifest, train: DatasetRef) {
    const store = this.#store;
    const place = placeOf(SECOND, 'consolidation');
    const rows = await chooseScored(store, { to: uri.dataset(place, 'proofs'), parts: [train], count: 1, seed: 1 });
    const set = await this.#answers(setIdOf(place, 'analyses'), 'verify', rows, models.verifier, analysisText(0), 0);
    const analyses = await rightAnalyses(store, {
      to: uri.dataset(place, 'right-analyses'),
      setId: set.setId,
      proofs: rows,
    });
    const { dataset, skills } = await writeConsolidation(store, {
      to: uri.dataset(place, 'examples'),
      prompts: this.#prompts,
      labels,
      turn: 1,
      analyses,
      policy: labelPolicy(recipe),
      examplesPerSkill: 4,
      seed: 1,
    });
    const checkpoint = await this.#checkpoint(place, models.generator, dataset);
    const ran = { steps: 2, attempts: 1, trainingSeconds: 1, startedAt: at(600) };
    return { jobKey: place, init: models.generator, checkpoint, dataset, skills, ...ran };
  }

  async finish(manifest: LapManifest): Promise<LapManifest> {
    const { sha256: recipeSha256 } = await this.#store.writeJson(uri.recipe(manifest.lap), manifest.recipe);
    await writeManifest(this.#store, { ...manifest, recipeSha256 });
    return { ...manifest, recipeSha256 };
  }

  /** A set of answers, one to each row, all alike. */
  async #answers(
    setId: string,
    task: Task,
    rows: DatasetRef,
    model: CheckpointRef,
    text: string,
    score?: Score,
    more: object = {},
  ): Promise<SetRecord> {
    const ids = (await this.#store.readRows<{ id: string }>(rows)).map(({ id }) => id);
    const given = { model: model.sha256, ...(score === undefined ? {} : { score }) };
    await writeSet(
      this.#store,
      setId,
      ids.map((id) => outcome(id, task, text, given)),
    );
    await cutIntoShards(this.#store, { setId, rows, shardRows: 10 });
    const counts = { answered: ids.length, unparseable: 0, truncated: 0, failed: 0 };
    const made = madeBy('sampleShard', { rows, model, prompts: this.#prompts });
    await this.#store.writeJson(uri.shardResult(setId, 0), { result: { counts, ...more } }, made);
    return { ...emptySet(setId), counts, phase: 'any', startedAt: at(0), wallSeconds: 1 };
  }

  /** Ada finds nothing right. */
  async #experts(setId: string, subject: DatasetRef): Promise<ReviewSetResult> {
    const result = { kind: 'scored', score: 0, source: 'expert', verdicts: 1, adjudicated: false } as const;
    const verdict = { annotator: 'ada', source: 'expert', score: 0, verdictId: 'v1' } as const;
    for (const { id } of await this.#store.readRows<{ id: string }>(subject))
      await new ReviewLog(this.#store).append(setId, id, [
        { kind: 'verdict', id: 'v1', at: at(5), seat: 0, verdict },
        { kind: 'result', id: 'r1', at: at(6), result },
      ]);
    const activities = createReviewActivities({
      store: this.#store,
      desk: () => Promise.reject(new Error('nobody is asked here')),
      expertOf: () => undefined,
    });
    return new MockActivityEnvironment().run(() => activities.collectReviews({ setId, subject } as ReviewSetInput));
  }

  async #checkpoint(
    jobKey: string,
    initCheckpoint: CheckpointRef,
    ref: DatasetRef,
    spec?: string,
  ): Promise<CheckpointRef> {
    const job = await this.#store.writeJson(uri.jobs(jobKey, 'job-1.json'), { jobKey, initCheckpoint });
    const folder = await checkpointFolder(jobKey);
    const checkpoint = checkpointRef(await checkpointDigest(folder));
    const datasets = [{ role: 'rows', ref, weight: 1 }];
    const trained = { jobKey, initCheckpoint, datasets, ...(spec && { rewardSpecSha256: spec }) };
    await recordMade(this.#store, checkpoint, madeOf(trained, job));
    await importCheckpoint(this.#store, folder);
    const result = { status: 'succeeded', jobKey, attempt: 1, checkpoint, ...TRAINED };
    await this.#store.writeJson(uri.jobs(jobKey, 'result.json'), result);
    return checkpoint;
  }
}

const TRAINED = { steps: 2, stopReason: 'maxSteps', reward: { first: 0.1, last: 0.9 } } as const;

/** A checkpoint of its own for every name. */
export function checkpointFolder(name: string): Promise<string> {
  return tinyCheckpoint({ 'README.md': name });
}
