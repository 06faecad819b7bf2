import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { domains } from '../../../domains/index.ts';
import { orderOf, ordersOf, PHASES, reportedAs } from '../../../shared/lap/phases.ts';
import { rehearsal, smoke } from '../../../domains/rehearsal/presets.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { declaredAndMade, expectDeclared } from '../../declared.ts';

const phasesOf = (turn: number, recipe = smoke) => ordersOf({ recipe, turn }).map(({ phase }) => phase);

test('lap 1 builds a verifier in four steps, later laps consolidate and retrain it', () => {
  expect(phasesOf(1)).toEqual([
    'open',
    'coldStart',
    'verifierV1',
    'metaData',
    'metaVerifier',
    'verifierV2',
    'generator',
    'selfVerification',
    'scaleVerification',
    'evaluation',
  ]);
  expect(phasesOf(2)).toEqual([
    'open',
    'consolidation',
    'verifierV2',
    'generator',
    'selfVerification',
    'scaleVerification',
    'evaluation',
  ]);
});

test.each([
  [
    'without meta-verification lap 1 trains no meta-verifier',
    { metaVerification: false },
    1,
    ['metaData', 'metaVerifier'],
    false,
  ],
  [
    'a frozen verifier is not trained again, where no generator starts from a new one',
    {
      retrainVerifier: false,
      stages: { ...smoke.stages, generator: { ...smoke.stages.generator, init: 'consolidation' as const } },
    },
    2,
    ['verifierV2'],
    false,
  ],
  [
    'the meta-verifier is trained anew where the recipe says so',
    { retrainMetaVerifier: true },
    2,
    ['metaVerifier'],
    true,
  ],
])('%s', (_, over, turn, names, there) => {
  const phases = phasesOf(turn, { ...smoke, ...over });
  for (const name of names) expect(phases.some((phase) => phase === name)).toBe(there);
});

test.each([
  [
    undefined,
    [
      ['experts', undefined],
      ['audit', undefined],
    ],
  ],
  [
    'unaided',
    [
      ['experts', undefined],
      ['audit', undefined],
    ],
  ],
  [
    'assisted',
    [
      ['experts', true],
      ['audit', undefined],
    ],
  ],
  ['automatic', [['audit', undefined]]],
] as const)('annotation %s: what people are asked in a later lap, and with which questions analyses come', (...of) => {
  const [annotation, expected] = of;
  const labelling = { ...smoke.labelling, contested: 'ask', auditShare: 0.1 } as const;
  const recipe = { ...smoke, labelling, ...(annotation && { annotation }) };
  const asked = ordersOf({ recipe, turn: 2 }).flatMap(({ orders }) =>
    orders.flatMap((order) => (order.kind === 'review' ? [[order.name, order.assisted]] : [])),
  );
  expect(asked).toEqual(expected);
  expect(resolveRecipe(domains, { annotation, from: 'lap-0001' }, { turn: 1, recipe }).recipe.annotation).toBe(
    annotation,
  );
});

test('a v2 that only starts a generator is not measured as the verifier that judged', () => {
  const measured = (retrainVerifier: boolean) =>
    (PHASES.evaluation.orders({ recipe: { ...smoke, retrainVerifier }, turn: 2 }) ?? [])
      .map(({ name }) => name)
      .filter((name) => name.includes('verifierV2'));
  expect(measured(true)).not.toEqual([]);
  expect(measured(false)).toEqual([]);
});

interface History {
  readonly events: readonly {
    readonly activityTaskScheduledEventAttributes?: {
      readonly activityType: { readonly name: string };
      readonly input: { readonly payloads: readonly { readonly data: string }[] };
    };
  }[];
}

/** What a lap that really ran had for `writeManifest`, from its history. */
function recordedManifest(name: string): LapManifest {
  const file = readFileSync(`test/replay/lap/${name}.json.gz`);
  const { events } = JSON.parse(gunzipSync(file).toString()) as History;
  const data = events
    .map((event) => event.activityTaskScheduledEventAttributes)
    .find((scheduled) => scheduled?.activityType.name === 'writeManifest')?.input.payloads[0]?.data;
  return JSON.parse(Buffer.from(data ?? '', 'base64').toString()) as LapManifest;
}

describe.each(['lap', 'laterLap'])('of the recorded %s', (name) => {
  const manifest = recordedManifest(name);

  test('the sets, reviews and trainings are those that it declares', () => {
    expect(manifest.sets.length).toBeGreaterThan(10);
    expectDeclared(manifest);
  });

  test('anything more, and anything less, would be seen', () => {
    const [first, ...others] = manifest.sets;
    expect(() => expectDeclared({ ...manifest, sets: others })).toThrow(first!.setId);
    const odd = { ...first!, setId: `${manifest.lap}/cold-start/more` };
    expect(() => expectDeclared({ ...manifest, sets: [...manifest.sets, odd] })).toThrow('cold-start/more');
  });
});

test.each([1, 2])('no two orders of turn %s have one id, whatever the recipe measures and asks', (turn) => {
  const recipe = {
    ...rehearsal,
    labelling: { ...rehearsal.labelling, auditShare: 0.5 },
    coldStart: { ...rehearsal.coldStart, refinementRounds: 3 },
    evaluation: {
      ...rehearsal.evaluation,
      verdictsPerProof: 8,
      humanProofs: 20,
      testTime: { search: 'small', refinement: {}, base: true },
    },
  };
  const { orders } = declaredAndMade({
    lap: 'main/lap-0001',
    turn,
    recipe,
    sets: [],
    reviews: [],
    stages: [],
    labels: { set: {} },
    evaluation: {},
  } as unknown as LapManifest);
  const lines = orders.map(({ line }) => line.split(' ').at(-1));
  expect(new Set(lines).size).toBe(lines.length);
});

test("held-out answers are judged by the lap's verifier and by people where the recipe asks for it, else not", () => {
  const of = (over: object) => ({
    recipe: { ...smoke, ...over, evaluation: { ...smoke.evaluation, verdictsPerProof: 8, humanProofs: 20 } },
    turn: 2,
  });
  expect(orderOf(of({}), 'evaluation', 'sample', 'verdicts')).toMatchObject({ by: 'verifier', perRow: 8 });
  expect(orderOf(of({}), 'evaluation', 'sample', 'qualities')).toMatchObject({ by: 'metaVerifier', perRow: 1 });
  expect(orderOf(of({}), 'evaluation', 'review', 'people')).toMatchObject({ question: 'evaluateProof' });
  expect(() => orderOf(of({ metaVerification: false }), 'evaluation', 'sample', 'qualities')).toThrow('got sample');
  expect(() => orderOf({ recipe: smoke, turn: 2 }, 'evaluation', 'sample', 'verdicts')).toThrow('got sample');
});

test('trainings share their batches, and their judges are asked as often as the rewards say', () => {
  const lap = { recipe: rehearsal, turn: 1 };
  const { metaShare, metaVerdictsPerReward, verdictsPerReward } = rehearsal.rewards;
  expect(orderOf(lap, 'verifierV2', 'train', 'verifierV2')).toEqual({
    kind: 'train',
    name: 'verifierV2',
    sources: [
      { task: 'verify', of: 'proofScores', weight: 1 - metaShare },
      { task: 'metaVerify', of: 'analysisScores', weight: metaShare },
    ],
    judges: { metaVerifier: (1 - metaShare) * metaVerdictsPerReward },
  });
  const bare = { recipe: { ...rehearsal, metaVerification: false }, turn: 1 };
  expect(orderOf(bare, 'verifierV2', 'train', 'verifierV2')).toMatchObject({ sources: [{ weight: 1 }], judges: {} });
  expect(orderOf(bare, 'selfVerification', 'train', 'selfVerification').judges).toEqual({
    verifier: verdictsPerReward,
  });
});

test('an order that a recipe does not have is named, with those that it has', () => {
  expect(() => orderOf({ recipe: smoke, turn: 2 }, 'coldStart', 'sample', 'draft')).toThrow(
    'Expected coldStart of turn 2 to declare the sample draft, got nothing',
  );
  expect(() => orderOf({ recipe: smoke, turn: 1 }, 'scaleVerification', 'review', 'audit')).toThrow(
    /got sample proofs, sample first-look, label verdicts, review experts$/,
  );
});

test('people are asked about rewarded proofs after both stages that write proofs, where the recipe asks', () => {
  const recipe = { ...smoke, audit: { minPrecision: 0.95, rewardedProofs: 30 } };
  for (const stage of ['generator', 'selfVerification'] as const) {
    expect(orderOf({ recipe, turn: 1 }, stage, 'review', 'audit')).toMatchObject({ question: 'auditReward' });
    expect(() => orderOf({ recipe: smoke, turn: 1 }, stage, 'review', 'audit')).toThrow('got train');
  }
});

test('an order that no recipe has is a type error', () => {
  // @ts-expect-error -- the cold start has drafts of no such name
  expect(() => orderOf({ recipe: smoke, turn: 1 }, 'coldStart', 'sample', 'drafts')).toThrow('got sample draft, ');
});

test('a phase beside the declaration is reported as such', () => {
  const lap = { recipe: smoke, turn: 2 };
  expect(['generator', 'coldStart', 'tuning'].map((phase) => reportedAs(lap, phase))).toEqual([
    'generator',
    'coldStart (not declared)',
    'tuning (not declared)',
  ]);
});

test('at test time the final generator searches, and the base where the recipe says so; by default neither', () => {
  const orders = (testTime?: Recipe['evaluation']['testTime']) =>
    ordersOf({ recipe: { ...smoke, evaluation: { ...smoke.evaluation, testTime } }, turn: 2 })
      .flatMap(({ phase, orders: own }) => (phase === 'evaluation' ? own : []))
      .flatMap((order) => (order.kind === 'solve' ? [order] : []));
  expect(orders()).toEqual([]);
  expect(orders({ base: true })).toEqual([]);
  expect(orders({ search: 'paper' })).toEqual([
    {
      kind: 'solve',
      name: 'search-selfVerification',
      rows: 'searchedProblems',
      policy: { kind: 'pool', proofs: 64, analyses: 64, refined: 64, shown: 8, rounds: 16 },
    },
  ]);
  const both = orders({ search: { rounds: 1 }, refinement: { threads: 2 }, base: true });
  expect(both.map(({ name }) => name)).toEqual([
    'search-base',
    'refinement-base',
    'search-selfVerification',
    'refinement-selfVerification',
  ]);
  expect(both[0]?.policy).toMatchObject({ kind: 'pool', proofs: 8, rounds: 1 });
  // The rehearsal has a checker: nobody need ask the verifier.
  expect(both[1]?.policy).toEqual({ kind: 'sequential', threads: 2, iterations: 8, verdicts: 0 });
});
