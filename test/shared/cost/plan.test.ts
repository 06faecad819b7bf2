import * as fc from 'fast-check';
import { amountsOf, NOTHING, overBudget, ratiosOf, sumOf, type Spending } from '../../../shared/lap/amounts.ts';
import { expertTime } from '../../../shared/cost/expertTime.ts';
import { domains } from '../../../domains/index.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import people from '../people.json' with { type: 'json' };
import { planLap, refusalOfPlan, type LapPlan } from '../../../shared/cost/plan.ts';
import { hoursText, short } from '../../../shared/cost/planText.ts';
import { knownRates } from '../../../shared/cost/knownRates.ts';
import { counted } from '../../../shared/cost/orders.ts';
import { ordersOf } from '../../../shared/lap/phases.ts';
import { sizesOf } from '../../../shared/lap/sizes.ts';
import { labellingPolicy, type MeasuredRates } from '../../../shared/cost/rates.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';

const recipeOf = (input: unknown) => resolveRecipe(domains, input).recipe;
const plan = (recipe: Recipe) => planLap(recipe, 1, domains.of(recipe.domain.name));
const planOf = (input: unknown = {}) => plan(recipeOf(input));
const phaseOf = (plan: LapPlan, name: string) => plan.phases.find(({ phase }) => phase === name)!;

describe('the plan of lap 1', () => {
  it('counts what does not depend on answers to the call', () => {
    const plan = planOf({ preset: 'smoke' });
    expect(Object.fromEntries(plan.phases.map(({ phase, expected }) => [phase, expected.calls]))).toMatchObject({
      open: 0,
      coldStart: 16 * (1 + 2),
      metaData: 16 * 2,
      verifierV1: 0,
      metaVerifier: 0,
      evaluation: 14 * 6 + 12 * 2 + 3 * 12 + 3 * 12 + 2 * 14 + 2 * 14,
    });
    expect(plan.phases.map(({ expected }) => expected.verdicts).filter((count) => count > 0)).toEqual([32, 32]);
  });

  it('counts what is searched at test time as if nothing ended early, of the base too where that is asked for', () => {
    const callsWith = (testTime?: object) =>
      phaseOf(planOf({ preset: 'smoke', evaluation: testTime && { testTime } }), 'evaluation').expected.calls;
    const search = { proofs: 4, analyses: 2, refined: 2, rounds: 3 };
    const refinement = { threads: 3, iterations: 4, verdicts: 2 };
    const plain = callsWith();
    expect(callsWith({ search }) - plain).toBe(14 * (4 + 6 + 10 * 2));
    expect(callsWith({ search, problems: 5, base: true }) - plain).toBe(2 * 5 * (4 + 6 + 10 * 2));
    expect(callsWith({ refinement, problems: 99 }) - plain).toBe(14 * (3 + 9 * 2 + 12 * 2));
    // A checker knows what proofs are worth: the verifier is asked where somebody says so.
    expect(callsWith({ refinement: { threads: 3, iterations: 4 } }) - plain).toBe(14 * (3 + 9 * 2));
    expect(callsWith({ problems: 3 })).toBe(plain);
  });

  it.each(['smoke', 'rehearsal', 'paper'])('of preset %s is nowhere above what it is without early stops', (preset) => {
    const { phases, total } = planOf({ preset });
    for (const { phase, expected, bound } of [...phases, { phase: 'all', ...total }]) {
      for (const [name, amount] of Object.entries(expected))
        expect([phase, name, amount > bound[name as keyof typeof bound]]).toEqual([phase, name, false]);
    }
  });

  it('has at most n + n·m verdicts a proof, and without early stop the rule’s own number', () => {
    const bound = (input: object) => phaseOf(planOf({ preset: 'rehearsal', ...input }), 'scaleVerification');
    // more are written and looked at than are labelled
    expect(bound({}).bound.calls).toBe(360 + 360 * 2 + 240 * 8 * (1 + 4));
    expect(bound({ labelling: { earlyStop: false } }).expected.calls).toBeGreaterThan(bound({}).expected.calls);
    expect(bound({ metaVerification: false }).bound.calls).toBe(360 + 360 * 2 + 240 * 8);
  });

  it('knows how many audits of each label to expect, where they decide, and questions about rewards', () => {
    const audit = { minPrecision: 0.95, rewardedProofs: 30 };
    const asked = planOf({ preset: 'rehearsal', labelling: { auditShare: 0.5 }, audit });
    const share = 240 * 0.5;
    expect(asked.auditsPerLabel).toBeGreaterThan(share / 3 / 2);
    expect(asked.auditsPerLabel).toBeLessThanOrEqual(share / 3);
    expect(planOf({ preset: 'rehearsal' }).auditsPerLabel).toBeUndefined();
    expect(planOf({ preset: 'rehearsal', audit }).auditsPerLabel).toBe(0);
    for (const stage of ['generator', 'selfVerification'] as const)
      expect(phaseOf(asked, stage).expected.verdicts).toBe(30 * 2);
  });

  it('has no meta-verifier where nothing is meta-verified', () => {
    const plan = planOf({ preset: 'smoke', metaVerification: false });
    expect(plan.phases.map(({ phase }) => phase)).not.toContain('metaData');
    expect(phaseOf(plan, 'verifierV2').bound.calls).toBe(0);
    expect(phaseOf(plan, 'evaluation').expected.calls).toBe(14 * 6 + 3 * 12 + 2 * 14 + 2 * 14);
  });

  it('of the preset paper needs no cluster: GPU-hours by the jobs’ wall time, minutes of people, a price', () => {
    const plan = planOf({ preset: 'paper' });
    const { total } = plan;
    expect(total.expected).toMatchObject({ gpuHours: 5 * 48 * 32 * 8 });
    expect(phaseOf(plan, 'coldStart').expected).toMatchObject({
      calls: 17_327 * 7,
      verdicts: 21_000,
      expertMinutes: 420_000,
    });
    const { promptTokens, completionTokens, gpuHours, expertMinutes, cost } = total.expected;
    expect(cost).toBeCloseTo(0.28e-6 * promptTokens + 0.42e-6 * completionTokens + 2 * gpuHours + expertMinutes, -1);
  });

  it('of the preset node knows its base’s size by its name, and both halves of the machine: a week holds it', () => {
    const { total, basis, phases } = planOf({ preset: 'node' });
    const { trainingHours, inferenceHours, gpuHours } = total.expected;
    expect(gpuHours).toBeCloseTo(8 * trainingHours + 4 * inferenceHours, 1);
    expect(trainingHours + inferenceHours).toBeGreaterThan(24);
    expect(total.bound.trainingHours + total.bound.inferenceHours).toBeLessThan(0.75 * 168);
    for (const { phase, expected } of phases) expect([phase, expected.trainingHours < 48]).toEqual([phase, true]);
    expect(basis).toContainEqual(
      expect.objectContaining({ source: 'ours: 33 TFLOP/s a GPU that serves, of 4,000 M parameters' }),
    );
    expect(basis.every(({ measured, source }) => !measured && /^(ours|recipe): /.test(source))).toBe(true);
    expect(total.expected.expertMinutes / 60).toBeLessThan(5 * 14 * 1.3);
  });

  it('reckons with two scores a seat where people are assisted, for contested proofs and nothing else', () => {
    const verdictsOf = (input: object) => {
      const plan = planOf({ preset: 'paper', labelling: { auditShare: 0.1 }, ...input });
      return ['coldStart', 'metaData', 'scaleVerification'].map((name) => phaseOf(plan, name).expected.verdicts);
    };
    const [alone, assisted] = [verdictsOf({}), verdictsOf({ annotation: 'assisted' })];
    const audits = verdictsOf({ labelling: { auditShare: 0.1, contested: 'discard' } })[2]!;
    expect(assisted.slice(0, 2)).toEqual(alone.slice(0, 2));
    expect((assisted[2]! - audits) / (alone[2]! - audits)).toBeCloseTo(4.1 / 2.1, 3);
  });

  it('of the preset paper’s people is 6,667 h of proofs, 1,667 h of analyses, and a lead’s tenth', () => {
    const plan = planOf({ preset: 'paper' });
    const hoursOf = (phase: string) => phaseOf(plan, phase).expected.expertMinutes / 60;
    // Two seats, and a lead where they differ: 2.1 answers a question.
    const onSeats = (phase: string) => Math.round((hoursOf(phase) * 2) / 2.1);
    expect({ proofs: onSeats('coldStart'), analyses: onSeats('metaData') }).toEqual(people.hours);
  });

  it('says of every rate that it is assumed, and by whom', () => {
    const { basis } = planOf({ preset: 'smoke' });
    expect(basis.length).toBeGreaterThan(20);
    for (const { measured, source } of basis)
      expect([measured, source]).toEqual([false, expect.stringMatching(/^(ours|recipe): \S/)]);
  });
});

describe('the plan of a later lap', () => {
  const recipe = recipeOf({ preset: 'smoke' });
  const ref = (rows: number) => ({ uri: 'x', sha256: 'x', rows });
  const parent = {
    lap: 'main/lap-0001',
    recipe,
    turn: 1,
    problems: { train: ref(16), validation: ref(8), heldOut: ref(14), next: ref(8) },
    proofScores: { train: [ref(9)], validation: ref(5), grown: ref(8) },
    analysisScores: { train: [ref(11)], validation: ref(5) },
    evaluation: { proofs: ref(12), analyses: ref(10), sets: [] },
    labels: { carried: ref(2) },
    reviews: [],
  } as unknown as LapManifest;
  const rates: MeasuredRates = {
    tokens: {
      verify: { prompt: 10, completion: 1 },
      'consolidation/verify': { prompt: 20, completion: 2 },
      labelling: { prompt: 30, completion: 3 },
    },
    tokensPerSecond: 100,
    trainings: {
      generator: { startSeconds: 10, secondsPerSample: 1, tokensPerSample: 5, stepsShare: 0.5, judgedShare: 0.25 },
    },
    labelling: { callsPerProof: 7, contestedShare: 0.5, policy: labellingPolicy(recipe) },
    rightShare: 0.5,
    minutesPerVerdict: { scaleVerification: 4 },
  };
  const later = (input: object = {}, measured = rates, manifest = parent) => {
    const { recipe: child, turn } = resolveRecipe(domains, { from: 'lap-0001', ...input }, manifest);
    return planLap(child, turn, domains.of(child.domain.name), {
      manifest,
      measure: { lap: parent.lap, rates: measured },
    });
  };

  it('starts from what the parent left: its datasets, its held-out sets, its contested proofs', () => {
    const plan = later();
    expect(phaseOf(plan, 'consolidation').expected.calls).toBe(16 + 8 * 2 + 11);
    expect(phaseOf(plan, 'evaluation').expected.calls).toBe(2 * 12 + 10 + 2 * 14 + 2 * 14);
    expect(phaseOf(plan, 'scaleVerification').expected.calls).toBe(12 + 12 * 2 + 10 * 7);
  });

  it('goes by what the parent measured, in the same phase first, and says so', () => {
    const plan = later({ domain: { experts: 'people' } });
    expect(phaseOf(plan, 'generator').expected).toMatchObject({ trainingTokens: 16 * 5, calls: 16 * 0.25 });
    expect(phaseOf(plan, 'generator').expected.trainingHours).toBeCloseTo(26 / 3600, 4);
    expect(phaseOf(plan, 'generator').bound).toMatchObject({ trainingTokens: 32 * 5, calls: 32 });
    expect(phaseOf(plan, 'scaleVerification').expected.expertMinutes).toBe(Math.round(5 * 2.1 * 4));
    const measured = plan.basis
      .filter((one) => one.measured)
      .map(({ figure, of, source }) => `${figure}, ${of}: ${source}`);
    expect(measured).toContain('prompt tokens a call, consolidation/verify: main/lap-0001');
    expect(measured).toContain('calls a proof, labels: main/lap-0001');
  });

  it('counts the minutes of an audit of its labels', () => {
    const minutes = (auditShare: number) =>
      phaseOf(
        later({ domain: { experts: 'people' }, labelling: { contested: 'carry', auditShare } }),
        'scaleVerification',
      ).expected.expertMinutes;
    expect([minutes(0), minutes(0.4)]).toEqual([0, Math.round(10 * 0.5 * 0.4 * 2.1 * 4)]);
  });

  it('asks about what the parent did not come to, and about analyses in phase 4 where the recipe wants them', () => {
    const review = { kind: 'scoreProof', open: 5, unasked: 3 };
    const asked = { domain: { experts: 'people' }, labelling: { contested: 'carry' } };
    const verdicts = (input: object, phase: string) =>
      phaseOf(later(input, rates, { ...parent, reviews: [review] } as unknown as LapManifest), phase).expected.verdicts;
    expect(verdicts(asked, 'late')).toBe(Math.round(3 * 2.1));
    expect(verdicts(asked, 'scaleVerification')).toBe(0);
    expect(verdicts({ ...asked, metaData: { laterAnalyses: 10 } }, 'scaleVerification')).toBe(21);
    expect(later().phases.map(({ phase }) => phase)).not.toContain('late');
  });

  it('trains the meta-verifier again only where D_mv has something new', () => {
    const hours = (analysisScores: object) =>
      phaseOf(
        later({ retrainMetaVerifier: true }, rates, { ...parent, analysisScores } as unknown as LapManifest),
        'metaVerifier',
      ).expected.trainingHours;
    expect(hours({ train: [ref(11)], validation: ref(5) })).toBe(0);
    expect(hours({ train: [ref(11)], validation: ref(5), grown: ref(4) })).toBeGreaterThan(0);
    expect(hours({ train: [ref(11), ref(2)], learned: 1, validation: ref(5) })).toBeGreaterThan(0);
  });

  it('does not take calls a label from another labelling policy', () => {
    const { basis } = later({ labelling: { analysesPerProof: 3 } });
    expect(basis.find(({ figure }) => figure === 'calls a proof')).toMatchObject({ measured: false });
  });
});

test('whatever the recipe, a plan is the sum of what its orders cost', () => {
  const recipes = fc.record({
    preset: fc.constantFrom('smoke', 'rehearsal', 'paper'),
    metaVerification: fc.boolean(),
    retrainVerifier: fc.boolean(),
    retrainMetaVerifier: fc.boolean(),
    selfVerification: fc.constantFrom('self-analysis', 'refine-trajectory'),
    evaluation: fc.record({ greedy: fc.boolean() }),
    coldStart: fc.record({ refinementRounds: fc.nat(4) }),
    metaData: fc.record({ baseShare: fc.constantFrom(0, 0.5) }),
    labelling: fc.record({
      auditShare: fc.constantFrom(0, 0.3),
      contested: fc.constantFrom('ask', 'carry'),
      candidates: fc.integer({ min: 1, max: 400 }),
    }),
  });
  fc.assert(
    fc.property(recipes, fc.constantFrom(1, 2), (fields, turn) => {
      const { recipe } = resolveRecipe(domains, fields);
      const { name, settings } = recipe.domain;
      const { measured: _, ...domain } = domains.of(name);
      const { total, phases } = planLap(recipe, turn, domain);
      const sizes = sizesOf(recipe, domain.sizes(settings, recipe.coldStart.problems));
      const { rates } = knownRates(recipe);
      const costs = ordersOf({ recipe, turn }).flatMap(({ phase, orders }) =>
        orders.map((order) => amountsOf(counted(phase, order, { recipe, sizes }, rates), recipe)),
      );
      for (const [amount, sum] of Object.entries(sumOf(costs))) {
        // each phase is rounded: to whole calls, or to a ten-thousandth of an hour and of a price
        const unit = /Hours|cost/.test(amount) ? 1e-4 : 1;
        const off = Math.abs(total.expected[amount as keyof typeof total.expected] - sum);
        expect([amount, off <= 0.51 * unit * (phases.length + 1)]).toEqual([amount, true]);
      }
    }),
    { numRuns: 30 },
  );
}, 60_000);

describe('a budget', () => {
  const spending: Spending = { calls: 10, tokens: 100, gpuHours: 1, cost: 5, expertMinutes: 60 };

  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ calls: 10, cost: 5 }, undefined],
    [{ calls: 9 }, 'calls'],
    [{ tokens: 99, expertMinutes: 1 }, 'tokens'],
    [{ gpuHours: 0.5 }, 'gpuHours'],
    [{ cost: 0 }, 'cost'],
    [{ expertMinutes: 59.9 }, 'expertMinutes'],
  ])('of %j is exceeded first in: %s', (budget, limit) => {
    expect(overBudget(spending, budget)?.limit).toBe(limit);
  });

  it('refuses a plan by the field, with the limit and the plan’s figure', () => {
    const recipe = recipeOf({ preset: 'smoke', budget: { calls: 100 } });
    const { calls } = plan(recipe).total.expected;
    expect(refusalOfPlan(plan(recipe), recipe)).toMatch(
      new RegExp(`^budget\\.calls: expected a plan of at most 100, got ${calls} \\(model calls\\)`),
    );
    expect(refusalOfPlan(plan(recipe), recipeOf({ preset: 'smoke', budget: { calls } }))).toBeUndefined();
  });

  it('is a field of the recipe like others', () => {
    expect(() => recipeOf({ budget: { calls: -1 } })).toThrow(/budget\.calls: .*>=0, got -1/);
    expect(() => recipeOf({ budget: { euros: 1 } })).toThrow(/budget\.euros: no such field/);
  });
});

test('nothing planned has no ratio', () => {
  expect(ratiosOf({ ...NOTHING, calls: 4 }, { ...NOTHING, calls: 3, cost: 2 })).toMatchObject({
    calls: 0.75,
    cost: null,
  });
});

test('an answer takes as long as it comes after the same person’s last one; after a pause, the median', () => {
  const at = (annotator: string, minute: number) => ({ annotator, at: minute * 60_000 });
  expect(expertTime([at('a', 0), at('a', 4), at('b', 5), at('a', 10), at('a', 100)], 30)).toEqual({
    minutes: 4 + 6 + 3 * 5,
    perVerdict: 5,
  });
  expect(expertTime([at('a', 0)], 30)).toEqual({ minutes: 0, perVerdict: null });
});

test('amounts are written short', () => {
  expect([0, 7, 999, 1234, 999_600, 4.5e6, 2.05e11].map(short)).toEqual([
    '0',
    '7',
    '999',
    '1.23 k',
    '1 M',
    '4.5 M',
    '205 G',
  ]);
  expect([0, 0.001, 0.5, 48, 12_345].map(hoursText)).toEqual(['0', '4 s', '30 min', '48 h', '12.3 k h']);
});
