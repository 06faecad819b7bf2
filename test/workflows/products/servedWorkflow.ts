import { ApplicationFailure, continueAsNew } from '@temporalio/workflow';
import type { AskedModel } from '../../../shared/products/models.ts';
import type { Place } from '../../../shared/ids.ts';
import { whileAsked } from '../../../workflows/products/served.ts';

/** Asks in so many runs, and fails in the last one where it shall. */
export async function asks(input: { models: readonly AskedModel[]; runs: number; fails: boolean }): Promise<string> {
  const engine = { engine: 'batcher', shardRows: 1, window: 1, maxConcurrency: 1 };
  return whileAsked({ place: 'solve/it' as Place, engine }, input.models, async () => {
    if (input.runs > 1) await continueAsNew<typeof asks>({ ...input, runs: input.runs - 1 });
    if (input.fails) throw ApplicationFailure.nonRetryable('it cannot');
    return 'asked';
  });
}
