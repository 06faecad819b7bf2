import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { PRESETS } from '../../../domains/rehearsal/presets.ts';

describe('a lap input', () => {
  it('means the preset rehearsal when it is empty', () => {
    expect(resolveRecipe({})).toEqual({ run: 'main', turn: 1, recipe: PRESETS.rehearsal });
  });

  it.each(Object.keys(PRESETS))('can be no more than the name of the preset %s', (preset) => {
    expect(resolveRecipe({ preset }).recipe).toEqual(PRESETS[preset as keyof typeof PRESETS]);
  });

  it('changes a field deep in the preset and leaves its neighbours', () => {
    const { recipe } = resolveRecipe({ preset: 'smoke', labelling: { analysesPerProof: 16 }, run: 'seed-2', seed: 2 });
    expect(recipe.labelling).toEqual({ ...PRESETS.smoke.labelling, analysesPerProof: 16 });
    expect(recipe.seed).toBe(2);
  });

  it('replaces a variant of another kind as a whole, with that kind’s defaults', () => {
    const { recipe } = resolveRecipe({
      domain: {
        problems: { kind: 'file', path: 'imports/mine.jsonl' },
        checker: 'none',
        experts: 'people',
        prompts: 'paper',
      },
    });
    expect(recipe.domain.problems).toEqual({
      kind: 'file',
      path: 'imports/mine.jsonl',
      validationShare: 0.1,
      heldOutShare: 0.1,
    });
  });

  it.each([
    [
      'a number out of range',
      { labelling: { analysesPerProof: -3 } },
      /^Invalid lap input: labelling\.analysesPerProof: .*>=1, got -3$/,
    ],
    ['a wrong type', { seed: 'one' }, /seed: expected number.*got "one"$/],
    [
      'an unknown field',
      { labeling: {} },
      /labeling: no such field; expected one of run, from, preset, seed, domain.*got \{\}$/,
    ],
    [
      'an unknown field of a group',
      { rewards: { alpha: 1 } },
      /rewards\.alpha: no such field; expected one of proofWeight/,
    ],
    ['an unknown preset', { preset: 'tiny' }, /preset: expected one of smoke, rehearsal, paper, got "tiny"/],
    ['a group that is null', { coldStart: null }, /coldStart: expected object.*got null/],
    ['a list', [], /expected an object such as \{\} or \{"preset":"smoke"\}, got \[\]/],
    ['nothing that is an object', 'smoke', /expected an object.*got "smoke"/],
    [
      'a run that would leave the store',
      { run: '../elsewhere' },
      /run: expected a name of lower-case letters.*got "\.\.\/elsewhere"/,
    ],
    [
      'k above n',
      { labelling: { minValidAnalyses: 99 } },
      /labelling\.minValidAnalyses: expected at most labelling\.analysesPerProof \(8\), got 99/,
    ],
    [
      'weights that do not add up',
      { rewards: { proofWeight: 0.5 } },
      /proofWeight \+ selfAnalysisWeight to be 1, got 0\.5 \+ 0\.24/,
    ],
    [
      'a stage that starts from a later one',
      { stages: { verifierV1: { init: 'generator' } } },
      /stages\.verifierV1\.init: expected base \(what exists by then\), got "generator"/,
    ],
    [
      'a program as expert where nothing knows the truth',
      { domain: { checker: 'none' } },
      /domain\.experts: expected "people".*got "program"/,
    ],
    [
      'difficulties upside down',
      { domain: { problems: { difficulties: [[3, 2]] } } },
      /difficulties: expected \[lowest, highest\], got \[3, 2\]/,
    ],
  ])('is refused by name for %s', (_, input, message) => {
    expect(() => resolveRecipe(input)).toThrow(message);
  });

  it('names every bad field at once', () => {
    expect(() => resolveRecipe({ seed: -1, coldStart: { problems: 0 } })).toThrow(
      /seed: .*got -1; coldStart\.problems: .*got 0/,
    );
  });
});
