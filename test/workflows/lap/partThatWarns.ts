import { condition, defineSignal, executeChild, setHandler } from '@temporalio/workflow';
import type { OpenedLap } from '../../../activities/laps/open.ts';
import type { SampleSetInput, SetResult } from '../../../shared/sampling/sets.ts';
import { trackProgress } from '../../../workflows/lap/lapProgress.ts';
import { place } from '../../../workflows/lap/place.ts';

/** FAKE: a set of which a person should know something. */
export async function sampleSet({ setId }: SampleSetInput): Promise<SetResult> {
  const counts = { answered: 1, unparseable: 7, truncated: 0, failed: 0 };
  const usage = { promptTokens: 0, completionTokens: 0 };
  return { setId, shards: 1, rows: 8, counts, usage, requests: 8, inferenceSeconds: 1, warning: `${setId}: 1 of 8` };
}

/** A part that waits for people after its set. */
export async function part(opened: OpenedLap) {
  let answered = false;
  setHandler(defineSignal('answered'), () => void (answered = true));
  const at = place(opened, 'coldStart', { candidate: opened.base });
  await at.sample('draft', opened.problems.train);
  await condition(() => answered);
  return { sets: at.sets };
}

/** A lap of that part alone, whose progress is asked for. */
export async function lapOfOnePart(opened: OpenedLap): Promise<void> {
  await trackProgress().phase('coldStart', () => executeChild(part, { workflowId: 'part', args: [opened] }));
}
