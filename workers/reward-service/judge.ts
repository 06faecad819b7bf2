import { callKey, questionDigest } from '../../activities/inference/keys.ts';
import type { LedgerAsker } from '../../activities/inference/asker.ts';
import type { Question } from '../../activities/inference/types.ts';
import { written } from '../../activities/inference/written.ts';
import type { PromptSet, PromptValues } from '../../activities/store/promptSet.ts';
import type { Usage } from '../../shared/outcomes.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import { judgeSeed } from '../../shared/reward/rewards.ts';
import type { Score } from '../../shared/scores.ts';

/**
 * What a judge is asked about. The response's hash is all that seeds depend on, beside the spec: a replay asks the same
 * calls.
 */
export interface JudgeQuestion {
  readonly task: 'verify' | 'metaVerify';
  readonly row: string;
  readonly values: PromptValues;
  readonly responseSha256: string;
}

export interface JudgeCost extends CallCost {
  /** Of it, what an earlier lap paid for; absent where that is nothing. */
  readonly taken?: CallCost | undefined;
}

type CallCost = Usage & { readonly calls: number };

/** A malformed answer is no verdict. What is `overlong` no attempt will judge. */
type Judgement =
  | { readonly kind: 'judged'; readonly scores: readonly Score[]; readonly cost: JudgeCost }
  | { readonly kind: 'noVerdict' | 'overlong'; readonly reason: string; readonly cost: JudgeCost };

/** What a job's judges are asked by. */
export interface Judges {
  readonly spec: RewardSpec;
  readonly prompts: PromptSet;
  readonly asker: LedgerAsker;
}

const JUDGES = { verify: 'verifier', metaVerify: 'metaVerifier' } as const;

/**
 * `count` verdicts of the judge that the spec names for the task; a malformed or truncated one is asked again under a
 * new seed, `judgeAttempts` times in all. Nothing is written out before the judge has room for it: of what waits,
 * memory holds the answer alone.
 * @throws the signal's reason, and what the asker throws of outages.
 */
export async function judge(
  judges: Judges,
  { task, row, values, responseSha256 }: JudgeQuestion,
  count: number,
  signal: AbortSignal,
): Promise<Judgement> {
  const { asker, spec, prompts } = judges;
  const role = JUDGES[task];
  const model = spec.judges[role];
  if (model === undefined)
    throw new Error(`Expected the reward spec of ${spec.jobKey} to name judges.${role}, got none`);
  await asker.ready(model, signal, count > 1);
  const messages = written(prompts.render(task, values));
  const asked = { task, model, row, messages, sampling: spec.sampling[task] };
  const question = { asked, digest: questionDigest(asked), responseSha256 };
  const verdicts = await Promise.all(
    Array.from({ length: count }, (_, sample) => oneVerdict(judges, question, sample, signal)),
  );
  const cost = verdicts.reduce<JudgeCost>((sum, verdict) => addCosts(sum, verdict.cost), NO_COST);
  const missing = (['overlong', 'noVerdict'] as const)
    .map((why) => verdicts.find(({ kind }) => kind === why))
    .find((verdict) => verdict !== undefined);
  if (missing !== undefined) return { ...missing, cost };
  return { kind: 'judged', scores: verdicts.flatMap((one) => (one.kind === 'judged' ? one.scores : [])), cost };
}

/** A question, written out for its judge. */
interface Asked {
  readonly asked: Question & { readonly task: JudgeQuestion['task']; readonly row: string };
  readonly digest: string;
  readonly responseSha256: string;
}

async function oneVerdict(
  { asker, spec }: Judges,
  { asked, digest, responseSha256 }: Asked,
  sample: number,
  signal: AbortSignal,
): Promise<Judgement> {
  const role = JUDGES[asked.task];
  let cost = NO_COST;
  let reason = '';
  for (let attempt = 0; attempt < spec.judgeAttempts; attempt += 1) {
    const seed = judgeSeed(spec, responseSha256, asked.task, sample, attempt);
    const key = callKey(digest, { seed, sample, attempt });
    const outcome = await asker.ask({ ...asked, key, sample, attempt, seed }, signal);
    const { promptTokens = 0, completionTokens = 0 } = outcome.usage ?? {};
    const call = { calls: 1, promptTokens, completionTokens };
    cost = addCosts(cost, outcome.takenFrom === undefined ? call : { ...call, taken: call });
    switch (outcome.kind) {
      case 'answered':
        if (outcome.score === undefined)
          throw new Error(`Expected an answered ${asked.task} outcome to have a score, got none (key ${outcome.key})`);
        return { kind: 'judged', scores: [outcome.score], cost };
      case 'failed':
        return {
          kind: outcome.cause === 'overflow' ? 'overlong' : 'noVerdict',
          reason: `the ${role} gave no answer: ${outcome.reason ?? 'no reason given'}`,
          cost,
        };
      case 'unparseable':
      case 'truncated':
        reason = `${outcome.kind}${outcome.reason === undefined ? '' : `, ${outcome.reason}`}`;
        break;
    }
  }
  return {
    kind: 'noVerdict',
    reason: `the ${role} gave no usable verdict in ${spec.judgeAttempts} attempts: ${reason}`,
    cost,
  };
}

export const NO_COST: JudgeCost = { calls: 0, promptTokens: 0, completionTokens: 0 };

export function addCosts(a: JudgeCost, b: JudgeCost): JudgeCost {
  return {
    calls: a.calls + b.calls,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    ...((a.taken ?? b.taken) && { taken: addCosts(a.taken ?? NO_COST, b.taken ?? NO_COST) }),
  };
}
