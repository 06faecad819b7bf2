import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { domains } from '../../../domains/index.ts';
import { rehearsal, smoke } from '../../../domains/rehearsal/presets.ts';

describe('a lap input', () => {
  it('means the preset rehearsal when it is empty', () => {
    expect(resolveRecipe(domains, {})).toEqual({ run: 'main', turn: 1, recipe: rehearsal });
  });

  it.each(Object.entries(domains.presets))('can be no more than the name of the preset %s', (preset, whole) => {
    expect(resolveRecipe(domains, { preset }).recipe).toEqual(whole);
  });

  it('changes a field deep in the preset and leaves its neighbours', () => {
    const { recipe } = resolveRecipe(domains, {
      preset: 'smoke',
      labelling: { analysesPerProof: 16 },
      run: 'seed-2',
      seed: 2,
    });
    expect(recipe.labelling).toEqual({ ...smoke.labelling, analysesPerProof: 16 });
    expect(recipe.seed).toBe(2);
  });

  it('that names another domain has that domain’s defaults of all that is the domain’s', () => {
    const { recipe } = resolveRecipe(domains, {
      domain: { name: 'proofs', settings: { path: 'imports/mine.jsonl' }, base: 'imports/base' },
    });
    expect(recipe).toEqual({
      ...rehearsal,
      domain: {
        name: 'proofs',
        settings: { path: 'imports/mine.jsonl', validationShare: 0.1, heldOutShare: 0.1 },
        prompts: 'paper',
        base: 'imports/base',
        checker: 'none',
        experts: 'people',
      },
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
      /labeling: no such field; expected one of run, from, mend, preset, seed, domain.*got \{\}$/,
    ],
    [
      'an unknown field of a group',
      { rewards: { alpha: 1 } },
      /rewards\.alpha: no such field; expected one of proofWeight/,
    ],
    [
      'a misspelt field that the preset leaves open',
      { experts: { hoursPerWek: 5 } },
      /experts\.hoursPerWek: no such field; expected one of seats, .*people, hoursPerWeek, weeks, got 5$/,
    ],
    [
      'a misspelt field of a group that the preset leaves out',
      { budget: { euros: 5 } },
      /budget\.euros: no such field; expected one of calls, .*got 5$/,
    ],
    ['an unknown preset', { preset: 'tiny' }, /preset: expected one of rehearsal, smoke, paper.*got "tiny"/],
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
      { domain: { settings: { difficulties: [[3, 2]] } } },
      /domain\.settings\.difficulties\.0: expected \[lowest, highest\], got \[3,2\]/,
    ],
    [
      'a domain that nobody knows',
      { domain: { name: 'chess' } },
      /domain\.name: expected one of rehearsal, proofs.*got "chess"$/,
    ],
    [
      'a field that the domain does not know',
      { domain: { settings: { tests: 3 } } },
      /domain\.settings\.tests: no such field; expected one of train, validation.*got 3$/,
    ],
    [
      'problems where settings are meant',
      { domain: { problems: { kind: 'file' } } },
      /domain\.problems: expected its fields in domain\.settings, and domain\.name in place of its kind, got \{"kind"/,
    ],
    [
      'a checker that the domain has not',
      { domain: { name: 'proofs', settings: { path: 'p' }, base: 'b', checker: 'own' } },
      /domain\.checker: expected "none" \(proofs has no checker\), got "own"/,
    ],
    [
      'a program where people alone can answer',
      { domain: { name: 'proofs', settings: { path: 'p' }, base: 'b', checker: 'own', experts: 'program' } },
      /domain\.experts: expected "people" where .* got "program"/,
    ],
    [
      'labels by nobody in a lap that begins with people’s scores',
      { annotation: 'automatic' },
      new RegExp(
        'annotation: expected "unaided" or "assisted" where somebody has to score \\(cold start and meta-verifier ' +
          'data\\), got "automatic": that is for later laps \\(from\\), or for scores that are given',
      ),
    ],
    [
      'an annotation that there is not',
      { annotation: 'lazy' },
      /annotation: expected one of "unaided"\|"assisted"\|"automatic", got "lazy"/,
    ],
    [
      'no base where none is shipped',
      { domain: { name: 'proofs', settings: { path: 'p' } } },
      /domain\.base: expected string, .*got nothing/,
    ],
  ])('is refused by name for %s', (_, input, message) => {
    expect(() => resolveRecipe(domains, input)).toThrow(message);
  });

  it('of a later lap keeps its parent’s sizes, unless it names the preset anew', () => {
    const { recipe } = resolveRecipe(domains, { preset: 'team', experts: { people: 9 } }, undefined, {});
    const parent = { turn: 1, recipe };
    const later = resolveRecipe(domains, { from: 'lap-0001' }, parent, {});
    expect(later.derived).toBeUndefined();
    expect(later.recipe.coldStart).toEqual(recipe.coldStart);
    const anew = resolveRecipe(domains, { from: 'lap-0001', preset: 'team' }, parent, {});
    expect(anew.recipe.coldStart.expertProofs).toBeLessThan(recipe.coldStart.expertProofs);
  });

  it('names every bad field at once', () => {
    expect(() => resolveRecipe(domains, { seed: -1, coldStart: { problems: 0 } })).toThrow(
      /seed: .*got -1; coldStart\.problems: .*got 0/,
    );
  });
});
