import { mean } from '../../../shared/statistics/measures.ts';
import { stratifiedMean, type SampledUnit } from '../../../shared/statistics/stratified.ts';
import { LEAST_HUMAN_SCORES } from '../../../shared/statistics/figure.ts';
import { randomFrom } from '../../../shared/seeds.ts';
import { proportionalSample } from '../../../shared/statistics/proportionalSample.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

let units = 0;
/** Of a problem of its own, if not said otherwise. */
const unit = (stratum: string, value?: number, more: Partial<SampledUnit> = {}): SampledUnit => ({
  stratum,
  predicted: Number(stratum),
  cluster: `p${(units += 1)}`,
  weight: 1,
  value,
  ...more,
});
const many = (count: number, of: (index: number) => SampledUnit) => Array.from({ length: count }, (_, i) => of(i));

test('each stratum counts by its share of the answers, whatever its share of the sample', () => {
  const figure = stratifiedMean([
    ...many(10, () => unit('1', 1)),
    ...many(80, () => unit('1')),
    ...many(10, (index) => unit('0', index < 5 ? 1 : 0)),
  ]);
  expect(figure?.value).toBeCloseTo((90 * 1 + 10 * 0.5) / 100);
});

test('answers that are one text count as often as they were given', () => {
  const figure = stratifiedMean([unit('1', 0, { weight: 30 }), ...many(10, () => unit('1', 1, { weight: 3 }))]);
  expect(figure?.value).toBeCloseTo(0.5);
});

test('what is known without people needs no sample', () => {
  const known = many(50, () => unit('0', 0, { stratum: 'no proof', isKnown: true }));
  const figure = stratifiedMean([...known, ...many(12, () => unit('1', 1)), ...many(38, () => unit('1'))]);
  expect(figure).toMatchObject({ value: 0.5, n: 12 });
});

test('too few values are no estimate', () => {
  const few = (count: number) => stratifiedMean([...many(count, () => unit('1', 1)), ...many(40, () => unit('1'))]);
  expect(few(LEAST_HUMAN_SCORES - 1)).toBeNull();
  expect(few(LEAST_HUMAN_SCORES)).toMatchObject({ value: 1, high: 1, n: LEAST_HUMAN_SCORES });
  expect(few(LEAST_HUMAN_SCORES)?.low).toBeLessThan(0.75); // ten of ten leave room for a quarter of others
  expect(stratifiedMean([])).toBeNull();
});

test('a stratum that nobody answered for goes with that of the nearest prediction', () => {
  const figure = stratifiedMean([
    ...many(10, () => unit('1', 1)),
    ...many(10, () => unit('0', 0)),
    ...many(20, () => unit('0.9')),
  ]);
  expect(figure?.value).toBeCloseTo(0.75);
  const known = many(10, () => unit('0.8', 0, { isKnown: true }));
  expect(stratifiedMean([...many(10, () => unit('0', 1)), ...known, ...many(20, () => unit('0.7'))])?.value).toBe(0.75);
});

test('where people saw everything it is the plain mean, with the interval of every figure', () => {
  const answers = many(20, (index) => unit('1', index % 4 === 0 ? 1 : 0.5, { cluster: `p${index % 5}` }));
  const plain = mean(
    answers.map(({ cluster, value = 0 }) => ({ problem: cluster, value })),
    ({ value }) => value,
  );
  expect(stratifiedMean(answers)).toEqual(plain);
});

/** How a population of problems is answered, judged and seen by people. */
interface World {
  readonly problems: number;
  readonly perProblem: number;
  readonly asked: number;
  /** The chance that the verifier gives a proof of true score 0, 0.5 or 1 its true score; else it gives 1. */
  readonly rightAt: readonly [number, number, number];
  /** How alike the answers to one problem are, and the verifier's errors about them, from 0 to 1. */
  readonly alike: number;
  /** Mean level of the answers, from 0 to 1. */
  readonly skill: number;
}

const DRAWS = 2_000;

/** The score at a level, by luck from 0 to 1. */
const scoreAt = ({ alike }: World, level: number, luck: number): Score =>
  SCORES[Math.floor(3 * Math.max(0, Math.min(0.999, level + (luck - 0.5) * (1.6 - alike))))] ?? 0;
const levelAt = ({ alike, skill }: World, luck: number): number => skill + alike * (luck - 0.5);

/** Of an answer to a problem that is not drawn yet: by a fine grid, without chance. */
function expectedScore(world: World): number {
  const grid = Array.from({ length: 400 }, (_, index) => (index + 0.5) / 400);
  const scores = grid.flatMap((first) => grid.map((second) => scoreAt(world, levelAt(world, first), second)));
  return scores.reduce<number>((sum, score) => sum + score, 0) / scores.length;
}

/** All answers of one draw, with what they are worth and what the verifier gives them. */
function answersOf(world: World, random: () => number) {
  const { problems, perProblem, rightAt, alike } = world;
  return Array.from({ length: problems }, (_, problem) => {
    const [level, fooled] = [levelAt(world, random()), random()];
    return Array.from({ length: perProblem }, (__, index) => {
      const value = scoreAt(world, level, random());
      const luck = random() < alike ? fooled : random();
      const given = luck < (rightAt[SCORES.indexOf(value)] ?? 1) ? value : 1;
      return { id: `${problem}-${index}`, cluster: `${problem}`, value, given };
    });
  }).flat();
}

/** The estimate by a sample within strata. */
function estimate(
  answers: ReturnType<typeof answersOf>,
  asked: number,
  seed: number,
  stratum: (given: Score) => string,
) {
  const drawn = proportionalSample(answers, asked, 5, ({ given }) => stratum(given), seed);
  const seen = new Set(drawn.map(({ id }) => id));
  const figure = stratifiedMean(
    answers.map(({ id, cluster, value, given }) => ({
      stratum: stratum(given),
      predicted: given,
      cluster,
      weight: 1,
      ...(seen.has(id) && { value }),
    })),
  );
  if (figure === null) throw new Error('Expected an estimate');
  return figure;
}

/** Over many draws; `relativeWidth` to as many answers drawn without a look at the verifier's scores. */
function simulate(world: World) {
  const random = randomFrom(7);
  const truth = expectedScore(world);
  let [covered, bias, width, plainWidth] = [0, 0, 0, 0];
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const answers = answersOf(world, random);
    const { value, low, high } = estimate(answers, world.asked, draw, String);
    covered += low <= truth && truth <= high ? 1 : 0;
    bias += value - answers.reduce((sum, answer) => sum + answer.value, 0) / answers.length;
    if (draw % 5 > 0) continue;
    const plain = estimate(answers, world.asked, draw, () => '');
    width += high - low;
    plainWidth += plain.high - plain.low;
  }
  return { covered: covered / DRAWS, bias: bias / DRAWS, relativeWidth: width / plainWidth };
}

describe.each<[string, World]>([
  ['good', { problems: 100, perProblem: 2, asked: 40, rightAt: [0.95, 0.9, 1], alike: 0.3, skill: 0.5 }],
  ['friendly', { problems: 100, perProblem: 2, asked: 40, rightAt: [0.5, 0.3, 1], alike: 0.3, skill: 0.5 }],
  [
    'friendly, of eight alike answers',
    { problems: 30, perProblem: 8, asked: 50, rightAt: [0.5, 0.5, 1], alike: 0.9, skill: 0.5 },
  ],
  [
    'friendly, with few problems',
    { problems: 20, perProblem: 3, asked: 20, rightAt: [0.6, 0.4, 1], alike: 0.5, skill: 0.4 },
  ],
  [
    'good, of a strong generator',
    { problems: 60, perProblem: 2, asked: 30, rightAt: [0.8, 0.7, 1], alike: 0.3, skill: 0.85 },
  ],
])('a sample drawn by a verifier that is %s', (name, world) => {
  const { covered, bias, relativeWidth } = simulate(world);

  test('is right on average', () => {
    expect(Math.abs(bias)).toBeLessThan(0.01);
  });

  test('has an interval that holds the truth in 93 of 100 draws at least', () => {
    expect(covered).toBeGreaterThan(0.93);
  });

  test('is no less sharp than as many drawn without the verifier', () => {
    expect(relativeWidth).toBeLessThan(name.startsWith('good') ? 0.93 : 1.08);
  });
});
