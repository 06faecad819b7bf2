import { executeChild, proxyActivities, Trigger } from '@temporalio/workflow';
import type { EvaluationActivities } from '../../activities/datasets/evaluation.ts';
import type { OpenedLap } from '../../activities/laps/open.ts';
import { ANALYSES_PER_PROOF, DRAFTS_PER_PROBLEM } from '../../shared/lap/heldOutSizes.ts';
import type { EvaluationRecord, EvaluationSet, SetRecord } from '../../shared/lap/manifest.ts';
import type { CheckpointRef, DatasetRef, Task } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import { evaluateModel } from '../sets/evaluateModel.ts';
import { sampler } from '../sets/sampler.ts';

// Reads and writes of the store: safe to repeat, for as long as a disk may be full or away; a killed worker is noticed
// by its missing heartbeats.
const data = proxyActivities<EvaluationActivities>({ startToCloseTimeout: '1 hour', heartbeatTimeout: '20 seconds' });

const TASK_OF = { verifier: 'verify', metaVerifier: 'metaVerify', generator: 'prove' } as const;

export type HeldOutEvaluation = ReturnType<typeof heldOutEvaluation>;

/**
 * Measures a lap's models on fixed held-out sets, beside the trainings: a measurement begins when its model is there,
 * and only the end of the lap waits for it. What the answers are worth is worked out from the ledger, in the report.
 */
export function heldOutEvaluation(opened: OpenedLap) {
  const { lap, recipe, prompts, problems, base, parent } = opened;
  // Later laps are measured on lap 1's held-out sets, beside what was measured of the base and the parent.
  const sets: EvaluationSet[] = [...(parent?.evaluation.sets ?? [])];
  const records: SetRecord[] = [];
  const running: Promise<unknown>[] = [];
  const selfTask: Task = recipe.selfVerification === 'self-analysis' ? 'selfVerify' : 'selfRefine';
  const place = `${lap}/evaluation`;
  const { checker } = recipe.domain;
  const { proofsPerScore } = recipe.evaluation;

  /** Starts work that only `finish` waits for; a failure shows there. */
  function beside<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // seen by finish()
    running.push(work);
    return work;
  }

  const asked = beside(data.buildProblemRows({ lap, problems: problems.heldOut }));
  const drafting = sampler(opened, 'evaluation', { role: 'candidate', checkpoint: base });
  const experts = { proofs: new Trigger<DatasetRef>(), analyses: new Trigger<DatasetRef>() };
  const proofs = parent
    ? Promise.resolve(parent.evaluation.proofs)
    : checker === 'none'
      ? experts.proofs
      : beside(draftProofs());
  const analyses = recipe.metaVerification
    ? parent?.evaluation.analyses
      ? Promise.resolve(parent.evaluation.analyses)
      : checker === 'none'
        ? experts.analyses
        : beside(draftAnalyses())
    : undefined;

  /** The base's proofs of held-out problems, balanced by truth: what verifiers are measured on. */
  async function draftProofs(): Promise<DatasetRef> {
    const { setId } = await drafting.sample({
      setId: `${place}/drafts`,
      task: 'prove',
      rows: await asked,
      samplesPerRow: DRAFTS_PER_PROBLEM,
    });
    const { rows } = await data.buildHeldOutProofs({
      lap,
      problems: problems.heldOut,
      setId,
      proofsPerScore,
      seed: seedOf('held-out proofs'),
      checker,
    });
    return rows;
  }

  /** The base's analyses of those proofs, balanced by true quality: what meta-verifiers are measured on. */
  async function draftAnalyses(): Promise<DatasetRef> {
    const { setId } = await drafting.sample({
      setId: `${place}/draft-analyses`,
      task: 'verify',
      rows: await proofs,
      samplesPerRow: ANALYSES_PER_PROOF,
    });
    const { rows } = await data.buildHeldOutAnalyses({
      lap,
      proofs: await proofs,
      setIds: [setId],
      analysesPerQuality: proofsPerScore,
      seed: seedOf('held-out analyses'),
      checker,
    });
    return rows;
  }

  async function ask(
    subject: EvaluationSet['subject'],
    model: EvaluationSet['model'],
    checkpoint: CheckpointRef,
    rows: PromiseLike<DatasetRef>,
  ): Promise<void> {
    const task = subject === 'selfVerification' ? selfTask : TASK_OF[subject];
    const asking = await rows;
    for (const decoding of recipe.evaluation.greedy ? (['sampled', 'greedy'] as const) : (['sampled'] as const)) {
      const began = Date.now();
      const {
        subject: _,
        model: __,
        decoding: ___,
        ...set
      } = await executeChild(evaluateModel, {
        workflowId: `${place}/${subject}-${model}-${decoding}`,
        args: [
          {
            lap,
            subject,
            model,
            decoding,
            checkpoint,
            rows: asking,
            task,
            samplesPerRow:
              subject === 'generator' || subject === 'selfVerification'
                ? recipe.evaluation.proofsPerProblem
                : recipe.evaluation.analysesPerProof,
            sampling: recipe.sampling[task],
            prompts: prompts.name,
            seed: seedOf('evaluation', subject, decoding),
            engine: recipe.inference,
          },
        ],
        staticSummary: `${model} as ${subject}, ${decoding}`,
      });
      sets.push({ subject, model, decoding, setId: set.setId });
      records.push({
        ...set,
        phase: 'evaluation',
        task,
        startedAt: new Date(began).toISOString(),
        wallSeconds: (Date.now() - began) / 1000,
      });
    }
  }

  return {
    verifier: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void beside(ask('verifier', model, checkpoint, proofs)),
    metaVerifier: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void (analyses && beside(ask('metaVerifier', model, checkpoint, analyses))),
    generator: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void beside(ask('generator', model, checkpoint, asked)),
    selfVerification: (model: EvaluationSet['model'], checkpoint: CheckpointRef) =>
      void beside(ask('selfVerification', model, checkpoint, asked)),
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
