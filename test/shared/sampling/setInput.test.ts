import type { Place } from '../../../shared/ids.ts';
import type { SetCaps } from '../../../shared/sampling/caps.ts';
import { refusalOfSampleSet } from '../../../shared/sampling/setInput.ts';
import type { SampleSetInput } from '../../../shared/sampling/sets.ts';

const PRICE = { perMillionPromptTokens: 1, perMillionCompletionTokens: 2 };
const place = 'solve/putnam' as Place;

const input = (caps: unknown, model: unknown = { role: 'generator', name: 'm', revision: '1', endpoint: 'http://x' }) =>
  ({
    setId: 'solve/putnam/p1/round-0',
    rows: { uri: 'datasets/rows.jsonl', sha256: 'a', rows: 1 },
    task: 'prove',
    model,
    prompts: { sha256: 'b' },
    samplesPerRow: 1,
    sampling: {},
    seed: 1,
    attempts: 1,
    engine: { engine: 'external', shardRows: 1, window: 1, maxConcurrency: 1 },
    caps: caps as SetCaps,
  }) as unknown as SampleSetInput;

describe('caps of a set', () => {
  it.each([
    ['none at all', undefined],
    ['no limit', { place }],
    ['calls, also none', { place, calls: 0 }],
    ['money, where the model has a price', { place, cost: 1.5, prices: { 'm@1': PRICE } }],
  ])('may be %s', (_, caps) => {
    expect(refusalOfSampleSet(input(caps))).toBeUndefined();
  });

  it.each([
    ['no object', 3, 'Expected caps to be an object, got 3'],
    ['of no place', { calls: 1 }, 'Expected caps.place to be the place of'],
    ['of a place beside the set', { place: 'solve/put', calls: 1 }, 'Expected caps.place to be the place of'],
    ['half a call', { place, calls: 0.5 }, 'Expected caps.calls to be an integer of at least 0, or nothing, got 0.5'],
    ['negative money', { place, cost: -1, prices: { 'm@1': PRICE } }, 'Expected caps.cost to be a number'],
    [
      'money without a price',
      { place, cost: 1 },
      'Expected caps.prices["m@1"], which caps.cost needs, to be an object',
    ],
    [
      'money with half a price',
      { place, cost: 1, prices: { 'm@1': { perMillionPromptTokens: 1 } } },
      'Expected caps.prices["m@1"].perMillionCompletionTokens to be a number of at least 0, got nothing',
    ],
  ])('are refused as %s', (_, caps, words) => {
    expect(refusalOfSampleSet(input(caps))).toContain(words);
  });

  it('with a model that is none, say so of the model', () => {
    expect(refusalOfSampleSet(input({ place, cost: 1 }, null))).toContain('Expected model to be an object');
    expect(refusalOfSampleSet(input({ place, calls: 1 }, { checkpoint: null }))).toBeUndefined();
  });
});
