import { chosenAs, firstDifference, type LapChoices } from '../../../cli/lap/lapOptions.ts';
import { domains } from '../../../domains/index.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import { parentOf, resolveRecipe } from '../../../shared/lap/lapInput.ts';

const finished = { turn: 1, recipe: smoke };
const inputOf = async (choices: LapChoices) => {
  const { input } = await chosenAs(choices, (asked) => {
    const from = parentOf(asked);
    if (from !== undefined && from !== 'main/lap-0001')
      throw new Error(`from: expected a finished lap, got "${from}"; there are main/lap-0001`);
    return resolveRecipe(domains, asked, from === undefined ? undefined : finished);
  });
  return input;
};

test('no options mean the empty input', async () => {
  expect(await inputOf({ set: [] })).toEqual({});
});

test('options become fields of the input', async () => {
  const input = await inputOf({
    preset: 'smoke',
    seed: '7',
    run: 'seed-7',
    expert: 'me',
    set: ['labelling.proofs=60', 'selfVerification=refine-trajectory', 'labelling.waves=[2,2]'],
  });
  expect(input).toEqual({
    preset: 'smoke',
    seed: 7,
    run: 'seed-7',
    domain: { experts: 'people' },
    experts: { seats: 1 },
    labelling: { proofs: 60, waves: [2, 2] },
    selfVerification: 'refine-trajectory',
  });
});

test('one person fills the one seat of --expert=me; more seats are asked for by name', async () => {
  expect(await inputOf({ expert: 'me', set: ['experts.seats=2'] })).toMatchObject({
    domain: { experts: 'people' },
    experts: { seats: 2 },
  });
  expect(await inputOf({ expert: 'program' })).toEqual({ domain: { experts: 'program' } });
});

test.each([
  [{ seed: '1.5' }, '--seed: expected a whole number from 0 on, got "1.5"'],
  [{ seed: '-3' }, '--seed: expected a whole number'],
  [{ expert: 'nobody' }, '--expert: expected me or program, got "nobody"'],
  [{ preset: 'big' }, 'preset: expected one of rehearsal, smoke, paper'],
  [{ run: 'Main Run' }, 'run: expected a name of lower-case letters'],
  [{ set: ['labelling.proofs'] }, '--set: expected path=value such as labelling.proofs=60, got "labelling.proofs"'],
  [{ set: ['=3'] }, '--set: expected path=value'],
  [{ set: ['__proto__.x=1'] }, '--set: expected path=value'],
  [{ set: ['labelling.proofz=60'] }, 'labelling.proofz: no such field'],
  [{ set: ['labelling.proofs=many'] }, 'labelling.proofs: expected number'],
  [{ set: ['labelling=1', 'labelling.proofs=2'] }, '--set labelling.proofs=2: labelling was given a value of its own'],
  [{ from: 'the first' }, 'from: expected the name of a finished lap such as main/lap-0001, got "the first"'],
  [{ from: 'lap-0007' }, 'from: expected a finished lap, got "main/lap-0007"; there are main/lap-0001'],
  [{ from: 'lap-0001', set: ['stages.verifierV2.init=verifierX'] }, 'stages.verifierV2.init: '],
])('%j is refused by name', async (choices, message) => {
  await expect(inputOf(choices)).rejects.toThrow(message);
});

test('two inputs are the same lap when their recipes are', () => {
  expect(firstDifference({}, { preset: 'rehearsal' })).toBeUndefined();
  expect(firstDifference({ preset: 'smoke' }, { preset: 'smoke', seed: 3 })).toMatchObject({ field: 'seed', to: 3 });
  expect(firstDifference({ from: 'lap-0001' }, { from: 'main/lap-0001' }, finished)).toBeUndefined();
  expect(firstDifference({}, { from: 'main/lap-0001' }, finished)).toMatchObject({ field: 'from' });
  const team = { preset: 'team' };
  expect(firstDifference(team, { ...team, labelling: { proofs: 3 } })).toEqual({
    field: 'labelling.proofs',
    from: 'as preset team has it',
    to: 3,
  });
  expect(firstDifference({}, { labelling: { proofs: 60 } })).toMatchObject({ field: 'labelling.proofs', to: 60 });
});
