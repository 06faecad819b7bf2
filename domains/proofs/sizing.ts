import type { LapFacts, Sizing } from '../../shared/lap/facts.ts';
import { peopleSizes } from './hours.ts';
import { n, Sizes, type ProblemSizes } from './sizes.ts';
import { trainingSizes } from './trainings.ts';
import { windows } from './windows.ts';

/**
 * The sizes of the preset `team`: of its sets by the problems and the people's hours, of its limits by the prompts and
 * the context. All numbers that are chosen here are ours.
 */
export const teamSizes: Sizing = (asked, facts, isGiven) => {
  const sizes = new Sizes(asked, isGiven);
  const problems = problemSizes(sizes, facts);
  const people = peopleSizes(sizes, problems, facts.given);
  trainingSizes(sizes, facts, problems, people);
  windows(sizes, facts);
  return sizes.derived;
};

/** Where nobody could count: enough to see what a lap would be. */
const ASSUMED_PROBLEMS = 100;
const LEAST_PROBLEMS = 4;

/** No more than comparisons need: about 200 problems, of any file. */
const heldOutShareOf = (count: number): number => [0.1, 0.05, 0.02].find((share) => count * share <= 200) ?? 0.01;

function problemSizes(sizes: Sizes, { problems }: LapFacts): ProblemSizes {
  const count = problems?.count ?? Math.max(ASSUMED_PROBLEMS, sizes.given('coldStart.problems') ?? 0);
  if (count < LEAST_PROBLEMS)
    throw new Error(
      `Invalid lap input: domain.settings.path: expected at least ${LEAST_PROBLEMS} problems (2 to train on, 1 that ` +
        `validates, 1 held out), got ${count}: add problems to the file`,
    );
  const of =
    problems === undefined ? `${n(count)} problems (assumed: the file was not counted)` : `${n(count)} problems`;
  // People score some hundreds of proofs, whatever the file: this share of them is what verifiers are measured by.
  const validationShare = count <= 60 ? 0.2 : 0.1;
  const split = (name: string, share: number, why: string): number => {
    const held = Math.ceil(count * (sizes.given(`domain.settings.${name}`) ?? share));
    sizes.set(`domain.settings.${name}`, share, `${held} of ${of}: ${why}`);
    return held;
  };
  const validation = split('validationShare', validationShare, 'people’s scores of these measure the verifiers');
  const heldOut = split('heldOutShare', heldOutShareOf(count), 'never trained on, for comparisons');
  const rest = count - validation - heldOut;
  if (rest < 1)
    throw new Error(
      `Invalid lap input: domain.settings.heldOutShare: expected shares that leave problems to train on, got ` +
        `${validation} that validate and ${heldOut} held out of ${count}: lower them, or add problems to the file`,
    );
  const ofBand = sizes.given('domain.settings.difficulties') === undefined ? undefined : problems?.splits;
  const [train, next] = [ofBand?.train, ofBand?.next].map((all = rest) => Math.min(all, rest)) as [number, number];
  return { train, next, validation, heldOut, pool: train + validation };
}
