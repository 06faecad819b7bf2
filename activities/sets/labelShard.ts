import type { AnalysisEvidence, MaybeScore } from '../../shared/label/autoLabel.ts';
import { nextLabelStep, type LabelWave } from '../../shared/label/earlyStop.ts';
import { isHardToVerify, nextFullStep, orderText } from '../../shared/label/waves.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import { modelKey, type DatasetRef } from '../../shared/records.ts';
import type { LabelCounts, LabelRow, LabelSetInput, SetRow } from '../../shared/sampling/sets.ts';
import { madeBy } from '../store/made.ts';
import type { PromptSet } from '../store/promptSet.ts';
import { rowQuestion, sampleOnce, type RowQuestion } from './samples.ts';
import {
  runShard,
  type ShardContext,
  type ShardDeps,
  type ShardInput,
  type ShardResult,
  type ShardRun,
} from './shard.ts';
import { uri } from '../../shared/ids.ts';

export type LabelShardInput = LabelSetInput & ShardInput;

export interface LabelShardResult extends ShardResult {
  readonly labels: LabelCounts;
  /** LabelRows in the order of the proofs. */
  readonly decisions: DatasetRef;
}

/**
 * Labels every proof of a shard by the rule of paper 2.3, with no more calls than decide it; outcomes on the ledger are
 * used as they are.
 */
export async function labelShard(
  deps: ShardDeps,
  input: LabelShardInput,
  context: ShardContext,
): Promise<LabelShardResult> {
  const { setId, shard, proofs, policy, waves, earlyStop, verdictAttempts, sampling, seed } = input;
  const models = [input.verifier, input.metaVerifier] as const;
  const [verifier, metaVerifier] = [modelKey(models[0]), modelKey(models[1])];
  const prompts = deps.prompts.sha256;
  const asked = { verifier, metaVerifier, prompts, policy, waves, earlyStop, verdictAttempts, sampling, seed };
  const about = { by: 'labelShard', rows: proofs, models, asked } as const;
  return runShard<LabelShardResult>(deps, input, about, context, async (run, rows) => {
    const labelled: LabelledProof[] = Array.from({ length: rows.length });
    await run.forEach(
      rows.entries(),
      async ([index, row]) => {
        labelled[index] = await labelProof(run, deps.prompts, input, row);
        run.rowDone();
      },
      earlyStop ? (waves[0] ?? policy.analysesPerProof) : policy.analysesPerProof,
    );
    const count = (kind: LabelRow['decision']['kind']): number =>
      labelled.filter(({ row }) => row.decision.kind === kind).length;
    const decisions = await deps.store.writeJsonl(
      uri.shardLabels(setId, shard),
      labelled.map(({ row }) => row),
      madeBy('labelShard', { proofs, verdicts: setId }),
    );
    const labels = { auto: count('labelled'), contested: count('contested'), unresolved: count('unresolved') };
    return { order: labelled.flatMap(({ keys }) => keys), result: { labels, decisions } };
  });
}

interface LabelledProof {
  readonly row: LabelRow;
  readonly keys: readonly string[];
}

/** An analysis under way: what is known of it, and the question that its meta-assessments answer. */
interface AnalysisState extends AnalysisEvidence {
  readonly metaScores: MaybeScore[];
  readonly text: string;
  metaQuestion?: RowQuestion;
}

async function labelProof(
  run: ShardRun,
  prompts: PromptSet,
  input: LabelShardInput,
  row: SetRow,
): Promise<LabelledProof> {
  const { policy, waves, verifier, metaVerifier, sampling, seed, verdictAttempts } = input;
  const verify = rowQuestion(prompts, row, { task: 'verify', model: verifier, sampling: sampling.verify, seed });
  const analyses: AnalysisState[] = [];
  const asked: LabelWave[] = [];
  const keys: string[] = [];
  /** Further verdicts, after the first so many. */
  const ask = (question: RowQuestion, after: number, count: number): Promise<Outcome[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const how = { attempts: verdictAttempts, again: isNoVerdict, atOnce: count };
        const sampled = await sampleOnce(run, question, after + index, how);
        keys.push(...sampled.keys);
        return sampled.outcome;
      }),
    );
  for (;;) {
    const step = input.earlyStop ? nextLabelStep(policy, waves, analyses, asked) : nextFullStep(policy, analyses);
    if (step.kind === 'stop') {
      return {
        row: {
          proofId: row.id,
          decision: step.decision,
          analyses: analyses.length,
          metaAnalyses: analyses.reduce((sum, { metaScores }) => sum + metaScores.length, 0),
          hardToVerify: isHardToVerify(policy, analyses, asked),
          stopReason: step.stopReason,
          order: asked.map(orderText),
        },
        keys,
      };
    }
    asked.push(step.wave);
    const [verdicts] = await Promise.all([
      ask(verify, analyses.length, step.wave.analyses),
      ...step.wave.metas.map(async ({ analysis, count }) => {
        const state = analyses[analysis] as AnalysisState;
        state.metaQuestion ??= rowQuestion(
          prompts,
          { ...row, id: analysisId(row.id, analysis), analysis: state.text },
          { task: 'metaVerify', model: metaVerifier, sampling: sampling.metaVerify, seed },
        );
        const outcomes = await ask(state.metaQuestion, state.metaScores.length, count);
        state.metaScores.push(...outcomes.map(scoreOf));
      }),
    ]);
    for (const outcome of verdicts)
      analyses.push({ score: scoreOf(outcome), text: outcome.text ?? '', metaScores: [] });
  }
}

const isNoVerdict = ({ kind }: Outcome): boolean => kind !== 'answered';

/** A call that gave no verdict is missing, never a score. */
const scoreOf = (outcome: Outcome): MaybeScore => (isNoVerdict(outcome) ? undefined : outcome.score);

/** Row under which an analysis's meta-assessments stand on the ledger. */
export function analysisId(proofId: string, analysis: number): string {
  return `${proofId}#${analysis}`;
}
