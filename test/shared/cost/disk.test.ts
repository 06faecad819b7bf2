import { bytesText, diskOf, diskRefusal } from '../../../shared/cost/disk.ts';
import { planLap } from '../../../shared/cost/plan.ts';
import type { LapFacts } from '../../../shared/lap/facts.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { domains } from '../../../domains/index.ts';

const base = { parameters: 134_515_008, bytes: 541_615_481, context: 8192 };
const prompts = { prove: 476, refine: 573, selfVerify: 631, selfRefine: 564, verify: 752, metaVerify: 860 };
const input = { preset: 'smoke', domain: { name: 'proofs', settings: { path: 'p.jsonl' }, base: 'imports/base' } };
const { recipe } = resolveRecipe(domains, input);
const plan = (facts: LapFacts = {}, measures: Parameters<typeof planLap>[4] = {}) =>
  planLap(recipe, 1, domains.of('proofs'), undefined, { facts, ...measures });

test('a lap of 134 M parameters leaves a checkpoint a training, and has the state of one at a time', () => {
  const disk = diskOf({ recipe, turn: 1 }, plan({ base }), { base });
  expect(disk).toMatchObject({ checkpoints: 5 * 538_060_032 + base.bytes, state: 6 * 538_060_032 });
  const stored = { ...recipe, domain: { ...recipe.domain, base: `checkpoints/${'a'.repeat(64)}` } };
  expect(diskOf({ recipe: stored, turn: 1 }, plan({ base }), { base })?.checkpoints).toBe(5 * 538_060_032);
  const free = { bytes: 1e9, of: '/state' };
  expect(diskRefusal(disk, { free })).toMatchObject({ field: 'disk', got: '1 GB' });
  expect(diskRefusal(disk, { free: { ...free, bytes: 1e11 } })).toBeUndefined();
  expect(diskRefusal(disk, {})).toBeUndefined();
  expect(diskOf({ recipe, turn: 1 }, plan(), {})).toBeUndefined();
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1.5e6, '1.5 MB'],
  [538e6, '538 MB'],
])('%p bytes are %p', (bytes, text) => expect(bytesText(bytes)).toBe(text));

describe('the time of a training that nobody has measured', () => {
  const training = (facts: LapFacts, more = {}) =>
    plan(facts, more).phases.find(({ phase }) => phase === 'generator')?.expected.trainingHours;
  const source = (facts: LapFacts) => plan(facts).basis.find(({ figure }) => figure === 'seconds a sample')?.source;

  test('follows from parameters and tokens, where the base is known, and is never above its wall time', () => {
    expect(training({ base, prompts })).toBeCloseTo((10.4 + 32 * 8.7) / 3600, 2);
    expect(source({ base, prompts })).toBe('ours: 100 GFLOP/s without a GPU, of 135 M parameters');
    expect(training({ base: { ...base, parameters: 7e9 }, prompts })).toBe(recipe.training.wallHours);
    expect(source({})).toBe('recipe: training.wallHours, the longest that a job may take');
  });

  test('is what another lap measured, or what questions to the base did, the lap first', () => {
    const rate = { startSeconds: 1, secondsPerSample: 2, tokensPerSample: 3, stepsShare: 1, judgedShare: 1 };
    const lap = { lap: 'other/lap-0002', rates: { trainings: { generator: rate }, tokens: {}, tokensPerSecond: 10 } };
    const asked = {
      lap: 'probes/rates.json',
      rates: { tokens: { prove: { prompt: 7, completion: 5 } }, tokensPerSecond: 9 },
    };
    const more = { measures: [lap, asked] };
    expect(training({ base }, more)).toBeCloseTo(65 / 3600, 3);
    const figures = plan({ base }, more).basis.filter(({ measured }) => measured);
    expect(figures.map(({ figure, of, source }) => `${figure} of ${of}: ${source}`)).toEqual(
      expect.arrayContaining([
        'prompt tokens a call of prove: probes/rates.json',
        'tokens a second of inference: other/lap-0002',
        'seconds a sample of generator: other/lap-0002',
      ]),
    );
  });
});
