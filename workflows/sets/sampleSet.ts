import { continueAsNew } from '@temporalio/workflow';
import type { SampleSetInput, SetResult } from '../../shared/sampling/sets.ts';
import { refusalOfSampleSet } from '../../shared/sampling/setInput.ts';
import { failure } from '../failure.ts';
import { ended, runWindow, type WindowState } from './window.ts';
import { shards } from '../proxies.ts';

/** Asks a model for `samplesPerRow` answers to every row of a dataset. Outcomes are in the store's ledgers. */
export async function sampleSet(input: SampleSetInput, from?: WindowState): Promise<SetResult> {
  const refusal = refusalOfSampleSet(input);
  if (refusal) throw failure('BadSetInput', refusal);
  const { setId, rows, engine, maxLossShare, mustAnswer, tells } = input;
  const set = { setId, rows, engine, maxLossShare, tells, noun: 'rows' };
  const state = await runWindow(set, from, (shard, of, stopToken) =>
    shards.sampleShard.executeWithOptions({ summary: `${input.task}, shard ${shard + 1} of ${of}` }, [
      { ...input, shard, stopToken },
    ]),
  );
  if (state.done < state.shards) await continueAsNew<typeof sampleSet>(input, state);
  return ended(set, state, mustAnswer);
}
