import { Trigger } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import { ANALYSES_PER_PROOF, DRAFTS_PER_PROBLEM } from '../../shared/lap/phases.ts';
import type { EvaluationRecord, EvaluationSet, SetRecord } from '../../shared/lap/manifest.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import { sampler } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { data } from '../proxies.ts';

export type HeldOutEvaluation = ReturnType<typeof heldOutEvaluation>;

/**
 * Measures a lap's models on fixed held-out sets, beside the trainings: a measurement begins when its model is there,
 * and only the end of the lap waits for it. What the answers are worth is worked out from the ledger, in the report.
 */
export function heldOutEvaluation(opened: OpenedLap) {
  const { lap, recipe, problems, base, parent } = opened;
  // Later laps are measured on lap 1's held-out sets, beside what was measured of the base and the parent.
  const sets: EvaluationSet[] = [...(parent?.evaluation.sets ?? [])];
  const records: SetRecord[] = [];
  const running: Promise<unknown>[] = [];
  const asking = askingOf(opened, 'evaluation');
  const { domain } = recipe;
  const { proofsPerScore, analysesPerProof, proofsPerProblem } = recipe.evaluation;
  const AS = {
    verifier: { role: 'verifier', task: 'verify', perRow: analysesPerProof },
    metaVerifier: { role: 'metaVerifier', task: 'metaVerify', perRow: analysesPerProof },
    generator: { role: 'generator', task: 'prove', perRow: proofsPerProblem },
    selfVerification: {
      role: 'generator',
      task: recipe.selfVerification === 'self-analysis' ? 'selfVerify' : 'selfRefine',
      perRow: proofsPerProblem,
    },
  } as const;

  /** Starts work that only `finish` waits for; a failure shows there. */
  function beside<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // seen by finish()
    running.push(work);
    return work;
  }

  const asked = beside(data.buildProblemRows({ lap, problems: problems.heldOut }));
  const drafting = sampler(asking, { role: 'candidate', checkpoint: base });
  const experts = { proofs: new Trigger<DatasetRef>(), analyses: new Trigger<DatasetRef>() };
  const proofs = parent
    ? Promise.resolve(parent.evaluation.proofs)
    : domain.checker === 'none'
      ? experts.proofs
      : beside(draftProofs());
  const analyses = recipe.metaVerification
    ? parent?.evaluation.analyses
      ? Promise.resolve(parent.evaluation.analyses)
      : domain.checker === 'none'
        ? experts.analyses
        : beside(draftAnalyses())
    : undefined;

  /** The base's proofs of held-out problems, balanced by truth: what verifiers are measured on. */
  async function draftProofs(): Promise<DatasetRef> {
    const { setId } = await drafting.sample('drafts', await asked, { task: 'prove', perRow: DRAFTS_PER_PROBLEM });
    const { rows } = await data.buildHeldOutProofs({
      lap,
      problems: problems.heldOut,
      setId,
      proofsPerScore,
      seed: seedOf('held-out proofs'),
      domain,
    });
    return rows;
  }

  /** The base's analyses of those proofs, balanced by true quality: what meta-verifiers are measured on. */
  async function draftAnalyses(): Promise<DatasetRef> {
    const { setId } = await drafting.sample('draft-analyses', await proofs, {
      task: 'verify',
      perRow: ANALYSES_PER_PROOF,
    });
    const { rows } = await data.buildHeldOutAnalyses({
      lap,
      proofs: await proofs,
      setIds: [setId],
      analysesPerQuality: proofsPerScore,
      seed: seedOf('held-out analyses'),
      domain,
    });
    return rows;
  }

  /** What a model answers at T = 1 as it is used, and at T = 0, malformed answers included. */
  async function measure(
    subject: EvaluationSet['subject'],
    model: EvaluationSet['model'],
    checkpoint: CheckpointRef,
    rows: PromiseLike<DatasetRef>,
  ): Promise<void> {
    const { role, task, perRow } = AS[subject];
    const heldOut = await rows;
    const { sample } = sampler(asking, { role, checkpoint });
    for (const decoding of recipe.evaluation.greedy ? (['sampled', 'greedy'] as const) : (['sampled'] as const)) {
      const record = await sample(`${subject}-${model}-${decoding}`, heldOut, {
        task,
        perRow,
        greedy: decoding === 'greedy',
        seed: seedOf('evaluation', subject, decoding),
        mayFail: true,
      });
      sets.push({ subject, model, decoding, setId: record.setId });
      records.push(record);
    }
  }

  return {
    verifier: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void beside(measure('verifier', model, checkpoint, proofs)),
    metaVerifier: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void (analyses && beside(measure('metaVerifier', model, checkpoint, analyses))),
    generator: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void beside(measure('generator', model, checkpoint, asked)),
    selfVerification: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void beside(measure('selfVerification', model, checkpoint, asked)),
    /** Without a checker, experts' scores of the validation split are the truth that models are measured on. */
    expertsScored: (name: keyof typeof experts, rows: DatasetRef): void => experts[name].resolve(rows),
    /** Waits for all measurements. */
    async finish(): Promise<{ evaluation: EvaluationRecord; sets: readonly SetRecord[] }> {
      await Promise.all(running);
      const measuredOn = { proofs: await proofs, ...(analyses && { analyses: await analyses }) };
      return {
        evaluation: { ...measuredOn, sets: sets.sort((a, b) => (a.setId < b.setId ? -1 : 1)) },
        sets: [...drafting.sets, ...records],
      };
    },
  };
}
