import { smoke } from '../../../domains/rehearsal/presets.ts';
import { domains } from '../../../domains/index.ts';
import type { LapFacts } from '../../../shared/lap/facts.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { limitsOf, refusalText, tasksAsked } from '../../../shared/lap/limits.ts';

/** prompts/paper by the tokenizer of a model of 135 M parameters, and a file of 16 problems. */
const shortest = { prove: 485, refine: 582, selfVerify: 640, selfRefine: 573, verify: 761, metaVerify: 869 };
const problems = {
  count: 16,
  leftOut: 0,
  splits: { train: 9, validation: 4, heldOut: 3, next: 9 },
  tokens: { least: 11, median: 19, most: 32 },
};
const facts: LapFacts = {
  problems,
  shortest,
  base: { parameters: 134_515_008, bytes: 541_615_481, context: 8192 },
  server: { context: 8192, of: 'the base' },
};
const team = {
  preset: 'smoke',
  domain: { name: 'proofs', settings: { path: 'problems.jsonl' }, base: 'imports/base' },
};
const wide = (size: number) =>
  Object.fromEntries(Object.keys(smoke.stages).map((stage) => [stage, { maxPromptTokens: size }]));

const limits = (input: object, known: LapFacts = facts, turn = 1) =>
  limitsOf({ recipe: resolveRecipe(domains, { ...team, ...input }).recipe, turn }, known);
const refusedBy = (input: object, known: LapFacts = facts) => limits(input, known).refused.map(refusalText);

test('a prompt of 485 tokens fits into no stage of 320, nor with an answer into a window of 512', () => {
  const refused = refusedBy({}, { ...facts, server: { context: 512, of: 'the bundled server' } });
  expect(refused.map((text) => text.slice(0, text.indexOf(':')))).toEqual([
    'stages.verifierV1.maxPromptTokens',
    'stages.metaVerifier.maxPromptTokens',
    'stages.verifierV2.maxPromptTokens',
    'stages.verifierV2.maxPromptTokens',
    'stages.generator.maxPromptTokens',
    'stages.selfVerification.maxPromptTokens',
    'sampling.prove.maxTokens',
    'inference.engine',
    'inference.engine',
    'inference.engine',
    'inference.engine',
  ]);
  expect(refused[4]).toBe(
    'stages.generator.maxPromptTokens: expected at least 485, the tokens of the shortest prove prompt, got 320: 493 ' +
      'holds most of them; or ask by shorter prompts (domain.prompts)',
  );
  expect(refused[6]).toBe(
    'sampling.prove.maxTokens: expected at most 27, what the 512 tokens of the bundled server hold after the ' +
      'shortest ' +
      'prove prompt of 485, got 128: lower it, or let the server hold more (FLYWHEEL_MODEL_CONTEXT, --max-model-len)',
  );
  expect(refused[7]).toMatch(
    /^inference\.engine: expected servers that hold the shortest refine prompt of 582 tokens with an answer of 128/,
  );
});

test('sizes that hold what they must are not refused', () => {
  expect(limits({ stages: wide(1400) }).refused).toEqual([]);
});

test.each([
  ['nothing is known', {}],
  ['no prompt was counted', { problems, base: facts.base, server: { context: 512, of: 'a server' } }],
  ['no window is known', { problems, shortest: { ...shortest, verify: 9, metaVerify: 9 } }],
] as const)('where %s, nothing is refused for it', (_, known) => {
  expect(limits({ stages: wide(700) }, known as LapFacts).refused).toEqual([]);
});

test('answers that the positions of the base do not hold after a prompt are refused by their stage', () => {
  const stages = { ...wide(1400), generator: { maxPromptTokens: 1400, maxCompletionTokens: 8000 } };
  expect(refusedBy({ stages })).toEqual([
    "stages.generator.maxCompletionTokens: expected at most 7,707, what the base's 8,192 positions hold after the " +
      'shortest prove prompt of 485, got 8,000: lower it, or ask by shorter prompts (domain.prompts)',
  ]);
});

test('thinking takes its part of the window', () => {
  const sampling = { prove: { maxTokens: 600, maxThinkingTokens: 7_200 } };
  expect(refusedBy({ stages: wide(1400), sampling })[0]).toMatch(
    /^sampling\.prove\.maxTokens: expected at most 507, .*, got 600/,
  );
});

test('what only longer texts exceed, and counts that the problems do not reach, are warnings', () => {
  const stages = { ...wide(1400), metaVerifier: { maxPromptTokens: 900, maxCompletionTokens: 400 } };
  const { refused, warnings } = limits({ stages, coldStart: { problems: 400, expertProofs: 480 } });
  expect(refused).toEqual([]);
  expect(warnings).toEqual([
    'coldStart.problems 400: there are 13 problems beside those held out, and no more are taken',
    'coldStart.expertProofs 480: there are 26 proofs of these, and no more are taken',
    'stages.metaVerifier.maxPromptTokens 900: a metaVerify prompt with texts half as long as sampling allows has ' +
      '1,037 tokens; longer rows are left out, up to training.maxLongRowShare',
    'stages.metaVerifier.maxCompletionTokens 400: answers longer than sampling allows (224) are learned there and ' +
      'cut off afterwards',
  ]);
  const near: LapFacts = { ...facts, server: { context: 1100, of: 'http://gpu:8000' } };
  expect(limits({ stages: wide(1400), coldStart: { problems: 13 } }, near).warnings).toEqual([
    'sampling.metaVerify.maxTokens 224: with a prompt of texts half as long as sampling allows (1,037 tokens) it is ' +
      'more than the 1,100 tokens of http://gpu:8000: such calls fail',
  ]);
});

test("a sample of people's that is too small for an estimate is warned of before they are asked", () => {
  const warned = (humanProofs: number, proofsPerProblem: number) =>
    limits({ stages: wide(1400), coldStart: { problems: 13 }, evaluation: { humanProofs, proofsPerProblem } }).warnings;
  expect(warned(12, 1)).toEqual([
    'evaluation.humanProofs 12: there are 3 held-out proofs of the final generator, and no more are taken',
    'evaluation.humanProofs 12: people score 3 at most, and an estimate takes 10',
  ]);
  expect(warned(12, 4)).toEqual([]);
  expect(warned(0, 1)).toEqual([]);
});

test("what is not there is refused in its reader's words, before sizes are", () => {
  const message = 'domain.base: expected a folder in the store, got "/models/base"';
  expect(refusedBy({}, { ...facts, refused: [{ field: 'domain.base', message }] })[0]).toBe(message);
});

test('a later lap is held to the limits of what it trains and asks', () => {
  const stages = { ...wide(1400), verifierV1: { maxPromptTokens: 100 } };
  expect(limits({ stages }, facts, 2).refused.map(({ field }) => field)).toEqual([
    'consolidation.maxPromptTokens',
    'consolidation.maxPromptTokens',
    'consolidation.maxPromptTokens',
    'consolidation.maxPromptTokens',
  ]);
});

test('a lap’s tasks are those that it asks: no refinement without rounds, no meta-analysis without a judge', () => {
  const asked = (input: object) =>
    tasksAsked({ recipe: resolveRecipe(domains, { preset: 'smoke', ...input }).recipe, turn: 1 });
  expect(asked({})).toEqual(['prove', 'refine', 'selfVerify', 'verify', 'metaVerify']);
  expect(asked({ coldStart: { refinementRounds: 0 }, metaVerification: false })).toEqual([
    'prove',
    'selfVerify',
    'verify',
  ]);
});

test('a search that shows more analyses than a window holds is told', () => {
  const told = (search: object) =>
    limits({ evaluation: { testTime: { search } } }).warnings.filter((text) => text.includes('testTime'));
  expect(told({ shown: 2 })).toEqual([]);
  expect(told({ shown: 200 })[0]).toMatch(
    /^evaluation\.testTime\.search\.shown 200: .* more than the 8,192 tokens of the base/,
  );
  expect(told({ shown: 200, rounds: 0 })).toEqual([]);
});
