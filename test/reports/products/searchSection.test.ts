import { countVerdicts } from '../../../shared/products/pool.ts';
import type { PoolSearch } from '../../../shared/products/search.ts';
import { searchFigures, type SearchedProblem } from '../../../shared/products/searchFigures.ts';
import { searchLines, searchSection } from '../../../reports/products/searchSection.ts';
import { testTimeLines, testTimeSection } from '../../../reports/products/testTimeSection.ts';

const search: PoolSearch = { kind: 'pool', proofs: 2, analyses: 2, refined: 1, shown: 1, rounds: 1 };

/** Passes in round 1, if it is worth that. */
function problem(name: string, truth: 0 | 1 | undefined): SearchedProblem {
  const proof = (round: number, mean: number) => ({
    id: `${name}-${round}`,
    round,
    mean,
    verdicts: countVerdicts([1, mean === 1 ? 1 : 0]),
    ...(truth !== undefined && { truth }),
  });
  return { problem: name, isFinal: true, rounds: [[proof(0, 0.5)], [proof(1, 1)]] };
}
const known = searchFigures([problem('a', 1), problem('b', 0)], search);
const unknown = searchFigures([problem('a', undefined)], search);

test('shows success by round against the truth beside the verifier’s own eyes, drawn and as a table', () => {
  const { markup } = searchSection(known);
  expect(markup).toMatch(
    /aria-label="Search by round: passed, in the verifier(&#39;|')s own eyes; best proof is right/,
  );
  expect(markup).toContain('round 1, 2 of 2 problems');
  expect(markup).toContain('passed and not right, of those that passed');
  expect(markup).toContain('One proof without search is worth 0.25');
});

test('says nothing of the truth where no checker knows it', () => {
  const { markup } = searchSection(unknown);
  expect(markup).toContain('is no truth');
  expect(markup).not.toContain('right');
});

test('says on a terminal what the page says, round by round', () => {
  const lines = searchLines(known);
  expect(lines[0]).toMatch(
    /^round +searched +passed +best by mean +its true score +right +in the pool +passed falsely$/,
  );
  expect(lines[2]).toMatch(/^1 +2 +1\.00 \(0\.34–1\.00\) +1\.00 +0\.50 +0\.50 \(0\.09–0\.91\) +0\.50 +0\.50$/);
  expect(searchLines(unknown)[0]).toMatch(/^round +searched +passed +best by mean$/);
});

test('of a lap, tells each model’s search under its name, and what more the final generator gains', () => {
  const facts = { generator: 'g', verifier: 'v', calls: 1234, tokens: 9, verdicts: { asked: 100, lost: 3 } };
  const all = [
    { name: 'search-base', model: 'base', search: known, ...facts },
    {
      name: 'search-selfVerification',
      model: 'selfVerification',
      search: known,
      gainOverBase: { value: 0.25, low: -0.1, high: 0.6, n: 2 },
      ...facts,
    },
  ] as const;
  const page = testTimeSection(all)
    .map(({ markup }) => markup)
    .join('');
  expect(page.match(/<h2>.*?<\/h2>/g)).toEqual([
    '<h2>Search at test time, the base</h2>',
    '<h2>Search at test time, the final generator</h2>',
  ]);
  const ids = Array.from(page.matchAll(/id="([^"]+)"/g), ([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const told of [page, testTimeLines(all).join('\n')]) {
    expect(told).toContain('That, less what it adds to the base, problem by problem: +0.25 (−0.10 to +0.60).');
    expect(told).toContain('It took 1,234 calls');
    expect(told).toContain('Of 100 analyses 3.0 % were lost');
  }
  expect(testTimeSection(undefined)).toEqual([]);
});
