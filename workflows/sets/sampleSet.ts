import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { InferenceActivities } from '../../activities/sets/activities.ts';
import type { SampleSetInput, SetResult } from '../../shared/sampling/sets.ts';
import { runWindow, setResult, SHARD_TIMEOUTS, type WindowState } from './window.ts';

// Hours of model calls: tried again until they are through, each time only for what the ledger lacks.
const { sampleShard } = proxyActivities<Pick<InferenceActivities, 'sampleShard'>>(SHARD_TIMEOUTS);

/** Asks a model for `samplesPerRow` answers to every row of a dataset. Outcomes are in the store's ledgers. */
export async function sampleSet(input: SampleSetInput, from?: WindowState): Promise<SetResult> {
  const { setId, rows, engine } = input;
  const state = await runWindow({ setId, rows, engine, noun: 'rows' }, from, (shard, shards, stopToken) =>
    sampleShard.executeWithOptions({ summary: `${input.task}, shard ${shard + 1} of ${shards}` }, [
      { ...input, shard, stopToken },
    ]),
  );
  if (state.done < state.shards) await continueAsNew<typeof sampleSet>(input, state);
  return setResult(setId, state);
}
