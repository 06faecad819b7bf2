import { continueAsNew } from '@temporalio/workflow';
import type { LabelSetInput, LabelSetResult } from '../../shared/sampling/sets.ts';
import { refusalOfLabelSet } from '../../shared/sampling/setInput.ts';
import { failure } from '../failure.ts';
import { ended, runWindow, type WindowState } from './window.ts';
import { shards, quick } from '../proxies.ts';

/**
 * Labels proofs by n analyses, m meta-analyses of each that reports an issue, and the rule (paper 2.3); no more calls
 * than decide it.
 */
export async function labelSet(input: LabelSetInput, from?: WindowState): Promise<LabelSetResult> {
  const refusal = refusalOfLabelSet(input);
  if (refusal) throw failure('BadSetInput', refusal);
  const { setId, proofs, engine, policy, maxLossShare, tells } = input;
  const set = { setId, rows: proofs, engine, maxLossShare, tells, noun: 'proofs' };
  const state = await runWindow(set, from, (shard, of, stopToken) =>
    shards.labelShard.executeWithOptions(
      {
        summary:
          `n=${policy.analysesPerProof}, m=${policy.metaAnalysesPerAnalysis}, k=${policy.minValidAnalyses}, shard ` +
          `${shard + 1} of ${of}`,
      },
      [{ ...input, shard, stopToken }],
    ),
  );
  if (state.done < state.shards) await continueAsNew<typeof labelSet>(input, state);
  const decisions = await quick.collectLabels(setId);
  return { ...(await ended(set, state, input.mustAnswer)), labels: { total: state.rows, ...state.labels }, decisions };
}
