import { mendedFigures } from '../../../reports/figures/mendedFigures.ts';
import { workOf } from '../../../reports/figures/timeFigures.ts';
import { mendedText } from '../../../reports/pages/mended.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';

const usage = (tokens: number) => ({ promptTokens: tokens, completionTokens: tokens });
const counts = (answered: number) => ({ answered, unparseable: 1, truncated: 0, failed: 0 });
const from = { from: 'main/lap-0002/generator', steps: 2, seconds: 60, tokens: 100 };
const manifest = {
  sets: [
    { setId: 'a', phase: 'coldStart', startedAt: '2026-01-01', counts: counts(9), usage: usage(50) },
    {
      setId: 'b',
      phase: 'coldStart',
      startedAt: '2026-01-01',
      counts: counts(19),
      usage: usage(80),
      taken: { calls: 15, usage: usage(60) },
    },
  ],
  reviews: [
    { setId: 'r', verdicts: 12, taken: 5 },
    { setId: 's', verdicts: 3 },
  ],
  stages: [
    { name: 'verifierV1', taken: { kind: 'result', ...from } },
    { name: 'generator', taken: { kind: 'state', ...from } },
    { name: 'selfVerification' },
  ],
} as unknown as LapManifest;
const judged = [{ takenCalls: 4, whole: { calls: 10 } }] as unknown as Parameters<typeof mendedFigures>[2];

test('what a lap took over is counted beside all that it is made of', () => {
  const figures = mendedFigures(manifest, ['main/lap-0002', 'main/lap-0001'], judged);
  expect(figures).toEqual({
    laps: ['main/lap-0002', 'main/lap-0001'],
    calls: { taken: 19, of: 40 },
    verdicts: { taken: 5, of: 15 },
    trainings: { taken: ['verifierV1'], resumed: ['generator'], repeated: ['selfVerification'] },
  });
  expect(mendedText(figures)).toBe(
    'Mended main/lap-0002, which mended main/lap-0001: took over 19 of 40 calls; 5 of 15 verdicts of experts; the ' +
      'trainings verifier v1; the states of generator',
  );
});

test('the work of a lap is what it paid for itself', () => {
  expect(workOf(manifest, []).map(({ counted }) => counted)).toEqual([
    { calls: 10, ...usage(50) },
    { calls: 5, ...usage(20) },
  ]);
});
