import { executeChild, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import { placeOf, setIdOf, uri } from '../../shared/ids.ts';
import type { SetRecord } from '../../shared/lap/manifest.ts';
import { labelPolicy, orderOf, type OrderName, type PhaseName } from '../../shared/lap/phases.ts';
import { maxLossShareOf } from '../../shared/recipe/usual.ts';
import type { CheckpointRef, DatasetRef, ModelRole } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import type { LabelSetResult, SetResult } from '../../shared/sampling/sets.ts';
import { seedOf } from '../../shared/seeds.ts';
import { failure } from '../failure.ts';
import { inTurnOf } from '../inTurn.ts';
import { warning } from '../messages.ts';
import { reviewSet } from '../reviews/reviewSet.ts';
import { labelSet } from '../sets/labelSet.ts';
import { sampler, type SampleOptions } from '../sets/sampler.ts';

/**
 * Where a phase of a lap carries out its orders: what is asked, of whom and how often is declared (`PHASES`), and an
 * order that the phase does not declare is a type error. The records of its sets are kept in `sets`.
 */
export function place<Phase extends PhaseName>(
  opened: OpenedLap,
  phase: Phase,
  models: Readonly<Partial<Record<ModelRole, CheckpointRef | undefined>>> = {},
) {
  const { lap, recipe, prompts, seed, donors } = opened;
  const at = placeOf(lap, phase);
  const { sampling, inference: engine, rewards } = recipe;
  const priority = inTurnOf(opened);
  const { maxRevisions } = rewards;
  const asking = { place: at, phase, prompts, seed, sampling, engine, donors, maxRevisions, priority };
  const sets: SetRecord[] = [];

  function playing<Role extends ModelRole>(role: Role): { readonly role: Role; readonly checkpoint: CheckpointRef } {
    const checkpoint = models[role];
    if (checkpoint === undefined) throw failure('InvalidLap', `Expected a ${role} in phase ${phase}, got none`);
    return { role, checkpoint };
  }

  /** @param more `checkpoint` plays, if not the phase's own model of that role. */
  async function sample(
    name: OrderName<Phase, 'sample'>,
    rows: DatasetRef,
    {
      checkpoint,
      ...more
    }: Pick<SampleOptions, 'seed' | 'mayFail' | 'decides'> & { readonly checkpoint?: CheckpointRef } = {},
  ): Promise<SetRecord> {
    const { task, by, perRow, greedy } = orderOf(opened, phase, 'sample', name);
    const model = checkpoint === undefined ? playing(by) : { role: by, checkpoint };
    const set = await sampler(asking, model).sample(name, rows, { task, perRow, ...(greedy && { greedy }), ...more });
    sets.push(set);
    await tell(set);
    return set;
  }

  /** n independent analyses of each, m meta-analyses of each that reports an issue, and the rule. */
  async function label(name: OrderName<Phase, 'label'>, proofs: DatasetRef): Promise<LabelSetResult> {
    orderOf(opened, phase, 'label', name);
    const began = Date.now();
    const setId = setIdOf(at, name);
    const { waves, earlyStop, verdictAttempts } = recipe.labelling;
    const policy = labelPolicy(recipe, models.metaVerifier !== undefined);
    const verifier = playing('verifier');
    const set = await executeChild(labelSet, {
      workflowId: setId,
      args: [
        {
          setId,
          proofs,
          verifier,
          metaVerifier: { role: 'metaVerifier', checkpoint: models.metaVerifier ?? verifier.checkpoint },
          prompts,
          policy,
          waves,
          earlyStop,
          verdictAttempts,
          maxLossShare: maxLossShareOf(recipe),
          mustAnswer: true,
          sampling: { verify: recipe.sampling.verify, metaVerify: recipe.sampling.metaVerify },
          seed: seedOf(seed, name),
          engine: recipe.inference,
          donors,
        },
      ],
      staticSummary:
        `n=${policy.analysesPerProof}, m=${policy.metaAnalysesPerAnalysis}, k=${policy.minValidAnalyses} on ` +
        `${proofs.rows} proofs`,
      priority,
    });
    sets.push({ ...set, phase, startedAt: new Date(began).toISOString(), wallSeconds: (Date.now() - began) / 1000 });
    await tell(set);
    return set;
  }

  /** A part of a lap tells it what a person should know at once: the part may wait for people before it ends. */
  async function tell({ warning: text }: Pick<SetResult, 'warning'>): Promise<void> {
    const { parent, workflowType } = workflowInfo();
    if (text !== undefined && parent !== undefined && workflowType !== 'lap')
      await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(warning, text);
  }

  /** Asks the recipe's experts one question per row, under the recipe's seats, leases and deadline. */
  async function review(name: OrderName<Phase, 'review'>, subject: DatasetRef): Promise<ReviewSetResult> {
    const { question, assisted } = orderOf(opened, phase, 'review', name);
    const { domain, experts, metaRubric } = recipe;
    const setId = setIdOf(at, name);
    const asked = { setId, kind: question, subject, lap, domain: domain.name, experts: domain.experts, donors };
    return executeChild(reviewSet, {
      workflowId: setId,
      args: [{ ...asked, ...(metaRubric && { metaRubric }), ...experts, ...(assisted && { assisted }) }],
      staticSummary: `${question} × ${subject.rows}`,
      priority,
    });
  }

  return { sample, label, review, tell, sets, dataset: (name: string) => uri.dataset(at, name) };
}
