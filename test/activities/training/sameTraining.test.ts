import { differingFields, type SpecifiedTraining } from '../../../activities/training/sameTraining.ts';
import type { GrpoInput } from '../../../activities/training/types.ts';
import type { RewardSpec } from '../../../shared/reward/protocol.ts';
import { bench } from './fixture.ts';

const sampling = { temperature: 1, topP: 1, maxTokens: 64 };
const judge = (role: 'verifier' | 'metaVerifier', digit: string) => ({
  role,
  checkpoint: { uri: `checkpoints/${digit.repeat(64)}`, sha256: digit.repeat(64) },
});
const spec: RewardSpec = {
  jobKey: 'main/lap-0003/generator',
  prompts: { name: 'paper', sha256: 'p' },
  judges: { verifier: judge('verifier', 'a') },
  useMetaReward: false,
  proofWeight: 0.76,
  selfAnalysisWeight: 0.24,
  verdictsPerReward: 1,
  metaVerdictsPerReward: 1,
  maxRevisions: 2,
  sampling: { verify: sampling, metaVerify: sampling },
  judgeAttempts: 3,
  maxLossShare: 0.2,
  seed: 1,
};
let input: GrpoInput;
beforeAll(async () => {
  ({ input } = await bench('succeed'));
});

test.each<[string, Partial<GrpoInput>, Partial<RewardSpec>, readonly string[]]>([
  ['another lap', { jobKey: 'main/lap-0004/generator', donors: ['main/lap-0003'] }, { jobKey: 'x', donors: ['y'] }, []],
  ['another cluster, wall time and patience', { cluster: 'big', maxAttempts: 9, outageMinutes: 1 }, {}, []],
  ['a name of the prompts', {}, { prompts: { name: 'ours', sha256: 'p' } }, []],
  ['a higher limit of lost verdicts', {}, { maxLossShare: 0.5 }, []],
  ['a lower limit of lost verdicts', {}, { maxLossShare: 0.1 }, ['rewards.maxLossShare']],
  ['fields of a judge that it does not have', {}, { metaVerdictsPerReward: 9 }, []],
  ['weights of an answer that it does not train', {}, { proofWeight: 0.5, selfAnalysisWeight: 0.5 }, []],
  ['what another task is told', { templateKwargs: { prove: { thinking: false } } }, {}, []],
  ['what its own task is told', { templateKwargs: { verify: { thinking: false } } }, {}, ['templateKwargs']],
  ['another init', { initCheckpoint: { uri: 'checkpoints/c', sha256: 'c' } }, {}, ['initCheckpoint']],
  ['another judge', {}, { judges: { verifier: judge('verifier', 'd') } }, ['rewards.verifier']],
  [
    'verdicts of other lengths',
    {},
    { sampling: { verify: { ...sampling, maxTokens: 1 }, metaVerify: sampling } },
    ['rewards.verify'],
  ],
  ['other engine options', { engineOptions: { fast: true } }, {}, ['engineOptions']],
])('a training with %s may differ in %#', (_, more, other, expected) => {
  const now: SpecifiedTraining = { input: { ...input, ...more }, spec: { ...spec, ...other } };
  expect(differingFields({ input, spec }, now)).toEqual(expected);
});

test('limits of a training count as what they were where they are not lower, and its sizes always', () => {
  const hyper = (changed: Partial<GrpoInput['hyper']>) => ({
    input: { ...input, hyper: { ...input.hyper, ...changed } },
  });
  expect(differingFields({ input }, hyper({ maxUnscorableShare: 0.9, maxLongRowShare: 0.5 }))).toEqual([]);
  expect(differingFields({ input }, hyper({ maxUnscorableShare: 0.1 }))).toEqual(['hyper.maxUnscorableShare']);
  expect(differingFields({ input }, hyper({ checkpointEverySteps: 7 }))).toEqual([]);
  expect(differingFields({ input }, hyper({ maxSteps: 9, seed: 2 }))).toEqual(['hyper.maxSteps', 'hyper.seed']);
});
