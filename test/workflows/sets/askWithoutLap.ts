import type { DatasetRef, ModelRef } from '../../../shared/records.ts';
import { sampler, type Asking, type SampleOptions } from '../../../workflows/sets/sampler.ts';

export { sampleSet } from '../../../workflows/sets/sampleSet.ts';

/** Samples one set after another about the same rows, with no lap around. */
export async function ask(input: {
  asking: Asking;
  model: ModelRef;
  rows: DatasetRef;
  sets: Readonly<Record<string, SampleOptions>>;
}) {
  const { sample, sets } = sampler(input.asking, input.model);
  for (const [name, options] of Object.entries(input.sets)) await sample(name, input.rows, options);
  return sets;
}
