import * as fc from 'fast-check';
import path from 'node:path';
import { splitProblems, writeProblems } from '../../activities/datasets/problems.ts';
import { checkpointDigest } from '../../activities/store/checkpoints.ts';
import { fileOf, misplaced } from '../../activities/store/promptSet.ts';
import { promptSetNamed } from '../../activities/store/promptSets.ts';
import { registry, type Domain, type ProblemsAsked, type Splits } from '../../shared/domain.ts';
import { MemoryStore } from '../activities/store/memoryStore.ts';
import type { ProblemSplits } from '../../shared/lap/manifest.ts';
import { resolveRecipe } from '../../shared/lap/lapInput.ts';
import { uri } from '../../shared/ids.ts';
import { TASKS, type Problem } from '../../shared/records.ts';
import { QUESTION_KINDS } from '../../shared/review/reviews.ts';
import { SCORES } from '../../shared/scores.ts';
import { config } from '../../temporal.config.ts';

/** What the file of a domain that reads one may hold: forty problems of difficulties 1 to 8. */
async function* fileOfProblems(): AsyncGenerator<string> {
  for (let index = 0; index < 40; index += 1) {
    const problem = { id: `p${index}`, statement: `Prove claim ${index}.`, topic: 'algebra', source: 'a contest' };
    yield JSON.stringify({ ...problem, difficulty: 1 + (index % 8) });
  }
}

/** All that `shared/domain.ts` asks of a domain. */
export function keepsItsPromises(domain: Domain): void {
  const presets = Object.entries(domain.presets);
  const settings = domain.settings.parse(presets[0]?.[1].domain.settings);
  const ask = (more: Partial<ProblemsAsked<unknown>> = {}): Promise<Splits> =>
    domain.problems({ settings, turn: 1, curriculum: 'harder', seed: 1, read: fileOfProblems, ...more });
  const countsOf = (splits: Splits) =>
    Object.fromEntries(Object.entries(splits).map(([name, problems]) => [name, (problems as Problem[]).length]));
  const keyOf = ({ statement }: Problem) => domain.sameProblem?.(statement) ?? statement.trim();

  describe(`the domain ${domain.name}`, () => {
    test.each(presets)('has the preset %s whole: it is a recipe, as it stands', (name, recipe) => {
      expect(recipe).toMatchObject({ preset: name, domain: { name: domain.name } });
      expect(resolveRecipe(registry(domain), { preset: name })).toEqual({ run: 'main', turn: 1, recipe });
    });

    test('reads its settings again as it gave them, and refuses a field that it does not know', () => {
      expect(domain.settings.parse(settings)).toEqual(settings);
      expect(() => domain.settings.parse({ ...(settings as object), nobodyKnows: 1 })).toThrow(/nobodyKnows/);
    });

    test('has default prompts that show what each task is about, and bases that are checkpoints', async () => {
      const store = new MemoryStore();
      const { sha256 } = await promptSetNamed(store, domain.prompts);
      const texts = TASKS.map(fileOf).map(
        async (file) => [file, await store.readText(uri.promptSet(sha256, file))] as const,
      );
      expect(misplaced(new Map(await Promise.all(texts)))).toEqual([]);
      for (const folder of Object.values(domain.bases))
        expect(await checkpointDigest(path.join(config.root, folder))).toMatch(/^[0-9a-f]{64}$/);
    });

    test('gives equal problems for equal asks, as many as it said', async () => {
      const splits = await ask();
      expect(await ask()).toEqual(splits);
      const { assumed = false, ...sizes } = domain.sizes(settings, 100);
      if (assumed) return;
      expect(countsOf(splits)).toEqual(sizes);
      const other = await ask({ seed: 2 });
      expect(other.heldOut).toEqual(splits.heldOut);
      expect(other.train).not.toEqual(splits.train);
    });

    test.each([
      [1, 1],
      [2, 1],
      [3, 1],
      [2, 2],
    ])('has no problem in two splits of lap %d, and keeps what is held out, with seed %d', async (turn, seed) => {
      const { validation, heldOut } = await ask();
      const kept = turn === 1 ? {} : { kept: { validation, heldOut } };
      const splits = await ask({ turn, seed, ...kept });
      const { assumed = false, ...sizes } = domain.sizes(settings, 100);
      if (!assumed) expect(countsOf(splits)).toEqual(sizes);
      expect(splits).toMatchObject({ validation, heldOut });
      const away = new Set([...heldOut, ...validation].map(keyOf));
      for (const split of [splits.train, splits.next]) {
        expect(split.length).toBeGreaterThan(0);
        expect(new Set([...split.map(keyOf), ...away]).size).toBe(split.length + away.size);
      }
      for (const problem of Object.values(splits).flat() as Problem[]) {
        expect(problem.id).toMatch(/^[\w.-]{1,80}$/);
        for (const text of [problem.statement, problem.topic, problem.source]) expect(text).not.toBe('');
      }
    });

    test('has no id in two splits of a chain, whatever the seeds of its laps', async () => {
      const store = new MemoryStore();
      const known = {
        ...domain,
        problems: (asked: ProblemsAsked<unknown>) => ask({ ...asked, settings, read: fileOfProblems }),
      };
      const split = (turn: number, seed: number, inherited?: ProblemSplits) =>
        splitProblems(store, known, { turn, recipe: { ...presets[0]![1], seed }, inherited });
      const inherited = await writeProblems(store, 'main/lap-0001', await split(1, 1));
      for (const seed of [1, 2]) expect(await split(2, seed, inherited)).toMatchObject({ heldOut: inherited.heldOut });
    });

    test('stays at its first difficulty where there is no curriculum', async () => {
      const { validation, heldOut, train } = await ask();
      const later = await ask({ turn: 3, curriculum: 'none', kept: { validation, heldOut } });
      const grades = (problems: readonly Problem[]) => new Set(problems.map(({ difficulty }) => difficulty));
      expect([grades(later.train), grades(later.next)]).toEqual([grades(train), grades(train)]);
    });

    const { checker, expert } = domain;
    if (checker !== undefined)
      test('has a checker for which any text is a proof and an analysis', async () => {
        expect(checker.name).not.toBe('');
        const { heldOut } = await ask();
        const texts = fc.oneof(fc.string(), fc.constantFrom(...heldOut.map(({ statement }) => statement)));
        const count = expect.any(Number) as number;
        fc.assert(
          fc.property(fc.constantFrom(...heldOut), texts, texts, (problem, proof, analysis) => {
            expect(SCORES).toContain(checker.proofScore(problem, proof));
            const truth = checker.analysis(problem, proof, analysis);
            expect(SCORES).toContain(truth.quality);
            expect(truth).toMatchObject({ claimedIssues: count, flaws: count, remarks: count, falseRemarks: count });
            expect(truth.realClaimedIssues).toBeLessThanOrEqual(truth.claimedIssues);
            expect(truth.flawsReported).toBeLessThanOrEqual(truth.flaws);
            expect(truth.remarksReported).toBeLessThanOrEqual(truth.remarks);
          }),
        );
      });

    if (expert !== undefined)
      test.each(QUESTION_KINDS)('has a program that answers %s, by its name', async (kind) => {
        const [problem] = (await ask()).heldOut;
        expect(expert.name).not.toBe('');
        expect(SCORES).toContain(expert.answer(kind, { problem: problem!, proof: '', analysis: '' }));
      });
  });
}
