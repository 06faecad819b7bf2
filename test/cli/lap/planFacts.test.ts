import { needLines, peopleOf } from '../../../cli/lap/planFacts.ts';
import { domains } from '../../../domains/index.ts';
import { planLap } from '../../../shared/cost/plan.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';

const lineOf = (experts: object): string => {
  const { recipe, turn } = resolveRecipe(domains, { preset: 'paper', experts });
  const plan = planLap(recipe, turn, domains.of(recipe.domain.name));
  return needLines({ recipe, turn, plan }, 60 * 8_750, undefined, {})[0] ?? '';
};

test('people’s hours are said in weeks where it is known who they are, and until there is enough', () => {
  expect(lineOf({})).toMatch(/^people: 8\.75 k h \(experts.people and experts.hoursPerWeek say it in weeks\)$/);
  expect(lineOf({ people: 10, hoursPerWeek: 35 })).toMatch(/, 25 weeks of 10 people with 35 h a week each$/);
  expect(lineOf({ people: 10, hoursPerWeek: 35, enough: 0.4 })).toMatch(/; 10 weeks until there is enough/);
  expect(lineOf({ enough: 0.4 })).toMatch(/; 3\.5 k h until there is enough/);
});

test('a plan’s JSON has the same', () => {
  const { experts } = resolveRecipe(domains, {
    preset: 'paper',
    experts: { people: 10, hoursPerWeek: 35, enough: 0.4 },
  }).recipe;
  expect(peopleOf(experts, 60 * 8_750)).toMatchObject({
    hours: 8_750,
    weeks: 25,
    untilEnough: { hours: 3_500, weeks: 10 },
  });
});
