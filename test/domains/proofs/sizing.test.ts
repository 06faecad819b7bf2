import * as fc from 'fast-check';
import { domains } from '../../../domains/index.ts';
import { team } from '../../../domains/proofs/presets.ts';
import { planLap } from '../../../shared/cost/plan.ts';
import type { LapFacts } from '../../../shared/lap/facts.ts';
import { resolveRecipe, type LapInput } from '../../../shared/lap/lapInput.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { sizesOf } from '../../../shared/lap/sizes.ts';
import { TASKS } from '../../../shared/records.ts';
import { STAGE_NAMES } from '../../../shared/stages.ts';

const proofs = domains.of('proofs');
const sized = (facts: LapFacts, input: LapInput = {}) => {
  const resolved = resolveRecipe(domains, { preset: 'team', ...input }, undefined, facts);
  const reasons = new Map(resolved.derived?.map(({ field, reason }) => [field, reason]));
  const plan = planLap(resolved.recipe, 1, proofs, undefined, { facts: splitBy(resolved.recipe, facts) });
  return { ...resolved, reasons, plan };
};
/** They count where there are difficulties, and are of other shares than those that will be derived. */
const NO_SPLITS = { train: 0, validation: 0, heldOut: 0, next: 0 };
/** As a file without near-equal statements is split by a recipe. */
function splitBy({ domain }: Recipe, facts: LapFacts): LapFacts {
  if (facts.problems === undefined) return facts;
  const { count, splits: known } = facts.problems;
  const { validationShare, heldOutShare } = domain.settings as { validationShare: number; heldOutShare: number };
  const [validation, heldOut] = [Math.ceil(count * validationShare), Math.ceil(count * heldOutShare)];
  const rest = count - validation - heldOut;
  const [train, next] = [known.train || rest, known.next || rest];
  return { ...facts, problems: { ...facts.problems, splits: { train, validation, heldOut, next } } };
}
const fileOf = (count: number): LapFacts => ({
  problems: { count, leftOut: 0, splits: NO_SPLITS, tokens: { least: 20, median: 40, most: 90 } },
  prompts: { prove: 470, refine: 520, selfVerify: 640, selfRefine: 570, verify: 740, metaVerify: 820 },
  base: { parameters: 7e9, bytes: 14e9, context: 32_768 },
  server: { context: 8_192, of: 'http://gpu-1:8000/v1' },
});

describe('the preset team', () => {
  it('takes what it knows nothing of for something plausible, and says that it is assumed', () => {
    const { reasons, recipe } = sized({});
    for (const field of ['domain.settings.heldOutShare', 'experts.people', 'sampling.prove.maxTokens'])
      expect([field, reasons.get(field)]).toEqual([field, expect.stringContaining('assumed')]);
    expect(reasons.get('stages.verifierV1.maxPromptTokens')).toContain('assumed');
    expect(recipe.experts).toMatchObject({ people: 2, hoursPerWeek: 4, weeks: 2, seats: 2, onDeadline: 'carry' });
    expect(recipe.formatCheck).toEqual({ callsPerTask: 8, minShare: 0.5 });
  });

  it('asks people for no proofs and analyses that a team brings, and sizes the trainings by these', () => {
    const given = { proofs: 'imports/proofs/a.jsonl', analyses: 'imports/analyses/a.jsonl' };
    const rows = { train: 360, validation: 40, leftOut: 0 };
    const facts = { ...fileOf(200), given: { proofs: rows, analyses: rows } };
    const [own, brought] = [sized(fileOf(200)), sized(facts, { coldStart: 'given', given })];
    for (const field of ['coldStart.problems', 'coldStart.expertProofs', 'metaData.expertAnalyses']) {
      expect(own.reasons.has(field)).toBe(true);
      expect(brought.reasons.has(field)).toBe(false);
    }
    const { promptsPerStep, maxSteps } = brought.recipe.stages.verifierV1;
    expect(promptsPerStep * maxSteps).toBeGreaterThanOrEqual(3 * 350);
    expect(brought.plan.phases.map(({ phase }) => phase)).not.toContain('coldStart');
    const minutes = ({ plan }: typeof own) => plan.total.expected.expertMinutes;
    expect(minutes(brought)).toBeLessThanOrEqual(2 * 4 * 2 * 60);
    // What is left over goes to labels.
    expect(brought.recipe.labelling.proofs).toBeGreaterThanOrEqual(own.recipe.labelling.proofs);
    const alone = sized(fileOf(200), { verifier: 'checkpoints/abc' });
    expect(alone.plan.phases.map(({ phase }) => phase)).not.toContain('verifierV2');
    expect(alone.reasons.has('coldStart.expertProofs')).toBe(false);
  });

  it('assumes nothing of what was counted', () => {
    const { derived } = sized(fileOf(200), { experts: { people: 3, hoursPerWeek: 5, weeks: 4 } });
    expect(derived?.filter(({ reason }) => reason.includes('assumed'))).toEqual([]);
  });

  it.each([
    [16, [10, 4, 2]],
    [200, [160, 20, 20]],
    [17_000, [15_130, 1_700, 170]],
  ])('of %d problems trains, validates and holds out %j', (count, [train, validation, heldOut]) => {
    const { recipe } = sized(fileOf(count));
    const splits = proofs.sizes(
      recipe.domain.settings,
      recipe.coldStart.problems,
      splitBy(recipe, fileOf(count)).problems,
    );
    expect(splits).toEqual({ train, validation, heldOut, next: train });
  });

  it('of a curriculum’s first band trains on its problems, and writes proofs of the next one’s', () => {
    const { problems, ...facts } = fileOf(100);
    const { recipe } = sized(
      { ...facts, problems: { ...problems!, splits: { ...NO_SPLITS, train: 30, next: 12 } } },
      {
        domain: {
          settings: {
            difficulties: [
              [1, 3],
              [4, 5],
            ],
          },
        },
        experts: { people: 20 },
      },
    );
    expect(recipe.coldStart.problems).toBe(30 + 10);
    expect(recipe.labelling).toMatchObject({ proofs: 12, candidates: 12 });
  });

  it('plans no more problems than the file has, whatever the recipe asks for, and says that it counted them', () => {
    const { plan } = sized(fileOf(16), { coldStart: { problems: 400, expertProofs: 480 } });
    const cold = plan.phases.find(({ phase }) => phase === 'coldStart');
    expect(cold?.expected.calls).toBe(14 + 2 * 14);
    expect(cold?.expected.verdicts).toBe(Math.round(28 * 2.1));
    expect(plan.basis).toContainEqual(
      expect.objectContaining({ figure: 'problems', of: 'counted in the file', value: 16, measured: true }),
    );
  });

  it('keeps what the input gives, and lets the rest follow from it', () => {
    const { recipe, reasons } = sized(fileOf(200), {
      sampling: { prove: { maxTokens: team.sampling.prove.maxTokens } },
      coldStart: { expertProofs: 40 },
      labelling: { analysesPerProof: 64 },
    });
    expect(reasons.has('sampling.prove.maxTokens')).toBe(false);
    expect(recipe.sampling.prove.maxTokens).toBe(team.sampling.prove.maxTokens);
    expect(recipe.stages.verifierV1.maxPromptTokens).toBe(740 + 90 + 64 + team.sampling.prove.maxTokens);
    expect(recipe.coldStart.expertProofs).toBe(40);
    expect(reasons.get('stages.verifierV1.maxSteps')).toContain('35 scored proofs');
    expect(recipe.labelling.minValidAnalyses).toBe(8);
  });

  it('leaves analyses room for their format, however short the proofs', () => {
    const { recipe, reasons } = sized(fileOf(200), { sampling: { prove: { maxTokens: 4 } } });
    expect(recipe.sampling).toMatchObject({ prove: { maxTokens: 4 }, verify: { maxTokens: 96 } });
    expect(reasons.get('sampling.verify.maxTokens')).toContain('96 at least');
  });

  it('asks for shorter proofs where a CPU writes them', () => {
    const { recipe, reasons } = sized(fileOf(50), { inference: { engine: 'batcher' } });
    expect([recipe.sampling.prove.maxTokens, recipe.sampling.verify.maxTokens]).toEqual([768, 384]);
    expect(reasons.get('sampling.prove.maxTokens')).toContain('on a CPU');
  });

  it('follows anew in a mended lap from what is set, and stays where nothing is', () => {
    const facts = fileOf(200);
    const failed = sized(facts, { sampling: { prove: { maxTokens: 4 } }, labelling: { analysesPerProof: 64 } });
    const mended = (input: LapInput) =>
      resolveRecipe(domains, { mend: 'lap-0001', ...input }, { ...failed, turn: 1 }, facts);
    const { recipe, derived } = mended({});
    expect({ recipe, derived }).toEqual({ recipe: failed.recipe, derived: failed.derived });
    const longer = { sampling: { prove: { maxTokens: 768 } } };
    expect(mended(longer).recipe).toEqual(sized(facts, { ...longer, labelling: { analysesPerProof: 64 } }).recipe);
  });

  it('asks one person for one answer a question', () => {
    expect(sized(fileOf(50), { experts: { people: 1 } }).recipe.experts.seats).toBe(1);
  });

  it('asks people about contested proofs where there is time for it, else leaves these to the next lap', () => {
    const ask = (input: LapInput) => sized(fileOf(2_000), input).recipe.labelling;
    expect(ask({ experts: { people: 4, hoursPerWeek: 10, weeks: 4 } })).toMatchObject({ contested: 'ask' });
    const few = { people: 2, hoursPerWeek: 4, weeks: 1 };
    expect(ask({ experts: few, labelling: { rule: 'lowest' } })).toMatchObject({ contested: 'carry', auditShare: 0 });
  });

  it('asks about fewer contested proofs where people score what was rewarded, too', () => {
    const experts = { people: 4, hoursPerWeek: 10, weeks: 8 };
    const proofsOf = (rewardedProofs: number) =>
      sized(fileOf(2_000), { experts, audit: { minPrecision: 0.95, rewardedProofs } }).recipe.labelling.proofs;
    expect(proofsOf(10)).toBeLessThan(proofsOf(0));
  });

  it('asks about fewer contested proofs where each is scored twice', () => {
    const proofsOf = (annotation: 'unaided' | 'assisted') =>
      sized(fileOf(2_000), { annotation, experts: { people: 4, hoursPerWeek: 10, weeks: 2 } }).recipe.labelling;
    const [alone, assisted] = [proofsOf('unaided'), proofsOf('assisted')];
    expect([alone.contested, assisted.contested]).toEqual(['ask', 'ask']);
    expect(assisted.proofs).toBeLessThan(alone.proofs);
  });

  it('has people score held-out proofs where a tenth of their time is enough for an estimate', () => {
    const ask = (experts: NonNullable<LapInput['experts']>, count = 2_000) => sized(fileOf(count), { experts });
    const { recipe, reasons, plan } = ask({ people: 4, hoursPerWeek: 10, weeks: 4 });
    expect(recipe.evaluation).toMatchObject({ verdictsPerProof: 5, humanProofs: 22 });
    expect(reasons.get('evaluation.humanProofs')).toContain('a tenth of 160 hours of people');
    const asked = plan.phases.find(({ phase }) => phase === 'evaluation')?.expected.expertMinutes ?? 0;
    expect(asked).toBeCloseTo(22 * 2.1 * 20, -2);
    expect(plan.total.expected.expertMinutes).toBeLessThanOrEqual(160 * 60);
    expect(ask({ people: 2, hoursPerWeek: 4, weeks: 2 }).recipe.evaluation.humanProofs).toBe(0);
    expect(ask({ people: 4, hoursPerWeek: 10, weeks: 4 }, 60).recipe.evaluation.humanProofs).toBe(12);
  });

  it('learns in larger steps where the model is small', () => {
    const rate = (parameters: number) => {
      const { base, ...facts } = fileOf(50);
      return sized({ ...facts, base: { ...base!, parameters } }).recipe.stages.generator.learningRate;
    };
    expect([135e6, 3e9, 7e9].map(rate)).toEqual([1e-5, 3e-6, 1e-6]);
  });

  it.each<[string, LapFacts, LapInput, RegExp]>([
    ['three problems', fileOf(3), {}, /domain\.settings\.path: expected at least 4 problems .*got 3: add problems/],
    [
      'shares that leave nothing to train on',
      fileOf(4),
      { domain: { settings: { heldOutShare: 0.5, validationShare: 0.5 } } },
      /domain\.settings\.heldOutShare: expected shares that leave problems .*got 2 that validate and 2 held out of 4/,
    ],
    [
      'a context that no judge’s prompt fits into',
      { ...fileOf(50), server: { context: 512, of: 'FLYWHEEL_MODEL_CONTEXT' } },
      {},
      /expected a context of at least 1,550 tokens.*got 512 \(FLYWHEEL_MODEL_CONTEXT\): serve the model/,
    ],
    [
      'a proof that no judge’s prompt can hold',
      fileOf(50),
      { sampling: { prove: { maxTokens: 7_500 } } },
      /sampling\.prove\.maxTokens: expected at most 3,\d+, so that .* 8,192 tokens of context .*, got 7,500: lower it/,
    ],
    [
      'an analysis that leaves no room for a proof',
      fileOf(50),
      { sampling: { verify: { maxTokens: 4_000 } } },
      /sampling\.verify\.maxTokens: expected at most 3,\d+, .*got 4,000: lower it/,
    ],
    [
      'more seats than people',
      fileOf(50),
      { experts: { people: 2, seats: 3 } },
      /experts\.seats: expected at most 2 \(experts\.people\), got 3: questions would wait/,
    ],
    [
      'hours that are too few to score anything',
      fileOf(50),
      { experts: { people: 2, hoursPerWeek: 1, weeks: 1 } },
      /experts\.weeks: expected 7 hours of people at least.*got 2 hours of people \(2 × 1 a week × 1 week\): give/,
    ],
  ])('refuses %s', (_, facts, input, message) => {
    expect(() => sized(facts, input)).toThrow(message);
  });
});

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const facts = fc.record({
  problems: some(
    fc.record({
      count: fc.oneof(fc.integer({ min: 4, max: 60 }), fc.integer({ min: 4, max: 20_000 })),
      leftOut: fc.constant(0),
      splits: fc.constant(NO_SPLITS),
      tokens: some(
        fc.record({
          least: fc.constant(1),
          median: fc.integer({ min: 5, max: 300 }),
          most: fc.integer({ min: 300, max: 3_000 }),
        }),
      ),
    }),
  ),
  prompts: some(
    fc.record(
      Object.fromEntries(TASKS.map((task) => [task, fc.integer({ min: 50, max: 1_500 })])) as Record<
        (typeof TASKS)[number],
        fc.Arbitrary<number>
      >,
    ),
  ),
  server: some(fc.record({ context: fc.integer({ min: 512, max: 150_000 }), of: fc.constant('a server') })),
}) as fc.Arbitrary<LapFacts>;
const tokens = (most: number) => some(fc.integer({ min: 32, max: most }));
const inputs = fc.record({
  experts: fc.record({
    people: fc.integer({ min: 1, max: 30 }),
    hoursPerWeek: fc.double({ min: 0.5, max: 40, noNaN: true }),
    weeks: fc.double({ min: 0.5, max: 30, noNaN: true }),
  }),
  metaVerification: fc.boolean(),
  selfVerification: fc.constantFrom('self-analysis' as const, 'refine-trajectory' as const),
  coldStart: fc.record({ refinementRounds: fc.nat(3) }),
  metaData: fc.record({ baseShare: fc.constantFrom(0, 0.5) }),
  labelling: fc.record({ analysesPerProof: fc.constantFrom(1, 4, 8, 16), metaAnalysesPerAnalysis: fc.nat(4) }),
  sampling: fc.record({
    prove: fc.record({ maxTokens: tokens(8_000), maxThinkingTokens: some(fc.integer({ min: 1, max: 2_000 })) }),
    verify: fc.record({ maxTokens: tokens(4_000) }),
    metaVerify: fc.record({ maxTokens: tokens(2_000) }),
  }),
}) as fc.Arbitrary<LapInput>;

test('whatever a team brings, its problems, windows and hours fit each other, or it is told what is too little', () => {
  let refused = 0;
  fc.assert(
    fc.property(facts, inputs, (facts, input) => {
      let made: ReturnType<typeof sized>;
      try {
        made = sized(facts, input);
      } catch (error) {
        expect((error as Error).message).toMatch(/^Invalid lap input: [\w.]+: expected [^;]*, got [^;]*: [^;]+$/);
        refused += 1;
        return;
      }
      const { recipe, plan } = made;
      const context = facts.server?.context ?? 8_192;
      for (const stage of [...STAGE_NAMES.map((name) => recipe.stages[name]), recipe.consolidation])
        expect(stage.maxPromptTokens + stage.maxCompletionTokens).toBeLessThanOrEqual(context);
      const { verify, prove, metaVerify } = recipe.sampling;
      const judged = recipe.stages.metaVerifier.maxPromptTokens;
      expect(judged).toBeGreaterThanOrEqual(prove.maxTokens + verify.maxTokens);
      expect(judged + metaVerify.maxTokens).toBeLessThanOrEqual(context);

      const counts = proofs.sizes(recipe.domain.settings, recipe.coldStart.problems, splitBy(recipe, facts).problems);
      if (facts.problems !== undefined) {
        expect(counts.validation).toBeGreaterThanOrEqual(1);
        expect(counts.heldOut).toBeGreaterThanOrEqual(1);
        expect(counts.train + counts.validation + counts.heldOut).toBe(facts.problems.count);
        expect(recipe.coldStart.problems).toBeLessThanOrEqual(counts.train + counts.validation);
        expect(recipe.labelling.candidates).toBeLessThanOrEqual(counts.train);
        const { expertProofs, expertAnalyses } = sizesOf(recipe, counts);
        expect(expertProofs).toBe(recipe.coldStart.expertProofs);
        if (recipe.metaVerification) expect(expertAnalyses).toBe(recipe.metaData.expertAnalyses);
        const { people = 0, hoursPerWeek = 0, weeks = 0 } = recipe.experts;
        expect(plan.total.expected.expertMinutes).toBeLessThanOrEqual(
          Math.ceil(people * hoursPerWeek * weeks * 60) + 2,
        );
      }
      expect(recipe.labelling.proofs).toBeLessThanOrEqual(recipe.labelling.candidates);
      for (const { reason } of made.derived ?? []) expect(reason).not.toMatch(/NaN|undefined|Infinity/);
    }),
    { numRuns: 100 },
  );
  expect(refused).toBeLessThan(75);
}, 120_000);
