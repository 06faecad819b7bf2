import { productPlace, uri } from '../../../shared/ids.ts';
import { SEARCHES } from '../../../shared/products/search.ts';
import { solvePage } from '../../../reports/products/solvePage.ts';
import type { Solved } from '../../../reports/products/solved.ts';
import { writeSolvePage } from '../../../reports/products/writeSolvePage.ts';
import { typesetterStyle } from '../../../reports/pages/mathematics/index.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';
import { refined, solved, TOLD } from './solvedFixture.ts';

const at = 'products/solve/putnam/results.jsonl';
const ENDS = ['passed', 'exhausted', 'capped', 'noProof'] as const;
const SET = TOLD.map((told, index) => solved(told, ENDS[index]));

async function* read(lines: readonly Solved[]) {
  yield* lines;
}

async function pageOf(lines: readonly Solved[], more: { room?: number; sections?: [] } = {}): Promise<string> {
  let page = '';
  for await (const part of solvePage({
    name: 'solve/putnam',
    uri: at,
    search: SEARCHES.small,
    results: () => read(lines),
    ...more,
  }))
    page += part;
  return page;
}

/** A page's words, in one line. */
const words = (page: string): string =>
  page
    .replace(/<style>[^]*?<\/style>/, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');

test('the page says how each problem ended and what it took, and what all took', async () => {
  const page = words(await pageOf(SET));
  expect(page).toContain('Proofs that pass 1 of 4 1 rounds over, 1 caps reached, 1 no proof could be read');
  expect(page).toContain('odd-squares passed 1.00 1 24 30,000 0.06');
  expect(page).toContain('coins no proof could be read – 0 24 30,000 0.06');
  expect(page).toContain('4 problems 96 120,000 0.24');
});

test('rounds have their problems, what could be read, and the scores of their proofs', async () => {
  const page = await pageOf(SET);
  expect(words(page)).toContain('round 0 4 9 of 16 44 of 48 0 round 1 3 6 of 6 24 of 24 1');
  expect(page).toContain(
    'aria-label="round 0: 3 below 0.25, 3 0.25 to 0.5, 3 0.5 to 0.75, 0 0.75 to 1, 0 1; ' +
      'round 1: 0 below 0.25, 0 0.25 to 0.5, 5 0.5 to 0.75, 0 0.75 to 1, 1 1"',
  );
});

test('a problem shows its statement and best proof set, with verdicts, evidence and ancestry', async () => {
  const page = await pageOf(SET);
  const [, , harmonic = ''] = page.split('<details class="problem">');
  expect(harmonic).toContain('<annotation encoding="application/x-tex">H_n=\\sum_{k=1}^n \\frac1k</annotation>');
  expect(harmonic).toContain('<annotation encoding="application/x-tex">v_2(L/k) = a - v_2(k) \\ge 1.</annotation>');
  const said = words(harmonic);
  expect(said).toContain('of round 1. Verdicts: 1 gave 1, 1 gave 0.5, 1 gave 0, 1 could not be read.');
  expect(said).toContain('2 analyses, those that report issues first: 1');
  expect(said.indexOf('Analysis, gives 0.5')).toBeLessThan(said.indexOf('Analysis, gives 1'));
  expect(said).toContain('harmonic-sum-r0-2 0 0.63 2 1 1 0 0 harmonic-sum-r1-0 1 0.50 1 1 1 1 0');
  expect(said).toContain('24 calls, 30,000 tokens, at a cost of 0.06.');
});

test('amounts of money in a statement stay text, and a formula that cannot be set is shown as it stands', async () => {
  const page = words(await pageOf([solved({ ...TOLD[3], statement: '$5 and $10, so $\\foo$' } as (typeof TOLD)[0])]));
  expect(page).toContain('$5 and $10, so $\\foo$ not set: Undefined control sequence: \\foo');
});

test('a refinement has its self-scores in place of rounds, and its own evaluation beside the analyses', async () => {
  const page = words(await pageOf(TOLD.slice(0, 2).map(refined)));
  expect(page).toContain('Proofs that give themselves 1 2 of 2');
  expect(page).toContain('iteration 1 2 2 of 4 iteration 2 2 2 of 4');
  expect(page).toContain('Of thread 2, iteration 2, which gives it 1. Verdicts of the verifier: 2 gave 1, 1 gave 0.5.');
  expect(page).toContain('Its own evaluation, gives 1 I have checked');
  expect(page).toContain('Cost – a model has no price');
});

test('a problem whose row is damaged is on the page with the reason why it failed', async () => {
  const failed = {
    ...solved(TOLD[0] as (typeof TOLD)[0], 'failed'),
    problem: { id: 'p1' },
    best: null,
    reason: 'No statement',
  };
  expect(words(await pageOf([failed as unknown as Solved]))).toContain('p1 failed No statement. Problem No proof');
});

test('each name in the table leads to its problem', async () => {
  const page = await pageOf(SET);
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  expect(links).toHaveLength(SET.length);
  for (const id of links) expect(page.split(`id="${id}"`)).toHaveLength(2);
});

test('the page is one file that loads nothing, whatever its texts hold', async () => {
  const hostile = {
    ...TOLD[0],
    statement: '<script>alert(1)</script>',
    proof: '<img src="http://a/b"> [a](http://b)',
    issue: '',
  };
  const page = await pageOf([solved(hostile as (typeof TOLD)[0])]);
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; font-src data:"`);
  expect(page).not.toMatch(/<script|<img|<link|<iframe/);
  expect(page.replace(/<style>[^]*?<\/style>/, '')).not.toMatch(/(?:src|href)="(?!#)/);
  expect(page.replace(/<style>[^]*?<\/style>/, '')).not.toMatch(/url\(/);
  expect([...typesetterStyle().matchAll(/url\((?!data:font\/woff2;base64,)/g)]).toEqual([]);
});

test('equal results give equal bytes', async () => {
  expect(await pageOf(SET)).toBe(await pageOf(SET));
});

test('however many problems there are, the page keeps its size, and says what is not in it and where that is', async () => {
  const long = (index: number) => ({
    ...TOLD[1],
    id: `long-${index}`,
    proof: 'Let $x_1 = \\frac{a}{b}$ and so on. '.repeat(300),
    issue: 'In step $1$ nothing is said. '.repeat(300),
  });
  const lines = Array.from({ length: 40 }, (_, index) => solved(long(index) as (typeof TOLD)[0], 'exhausted'));
  const room = 600_000;
  const [few, many] = [await pageOf(lines.slice(0, 4), { room }), await pageOf(lines, { room })];
  expect(few.length).toBeLessThan(room + 400_000);
  expect(many.length).toBeLessThan(room + 500_000);
  expect(words(many).slice(-700)).toMatch(
    /So that browsers open this page, 8\d texts are shown as their source, \d+ of them cut, and 40 analyses not at all/,
  );
  expect(words(many).slice(-700)).toContain(`What is not set or left out here stands whole in ${at}, line 40.`);
  expect([...many.matchAll(/<b>long-\d+<\/b>/g)]).toHaveLength(40);
});

test('results are read twice, and a problem is written before the next is read', async () => {
  let readings = 0;
  let read = 0;
  async function* results(): AsyncGenerator<Solved> {
    readings += 1;
    for (const line of SET) {
      read += 1;
      yield line;
    }
  }
  const unwritten: number[] = [];
  let written = 0;
  for await (const part of solvePage({ name: 'solve/putnam', uri: at, search: SEARCHES.small, results })) {
    if (!part.startsWith('<details class="problem">')) continue;
    written += 1;
    unwritten.push(read - SET.length - written);
  }
  expect(readings).toBe(2);
  expect(unwritten).toEqual([0, 0, 0, 0]);
});

test('the page lies beside the results, says what was asked for and is made of them; again it is the same', async () => {
  const store = new MemoryStore();
  const place = productPlace('solve', 'putnam');
  const results = await store.writeJsonl(uri.products(place, 'results.jsonl'), SET);
  const generator = { endpoint: 'http://127.0.0.1:9', model: 'prover' };
  const search = { ...SEARCHES.small, proofs: 4 };
  const asked = { problems: 'imports/problems/a.jsonl', generator, search: { proofs: 4 } };
  await store.writeJson(uri.products(place, 'input.json'), asked);
  const first = await writeSolvePage(store, { place, search });
  expect(first.uri).toBe('products/solve/putnam/report.html');
  expect(words(await store.readText(first.uri))).toContain(
    'A search: 4 proofs, 8 analyses of each; in each of at most 3 rounds the 4 best are refined, shown 2 analyses. ' +
      'Problems of imports/problems/a.jsonl; proofs by prover at http://127.0.0.1:9, verdicts by prover at',
  );
  expect((await store.readMade(first.uri))?.from).toEqual([
    { as: 'results', uri: results.uri, sha256: results.sha256 },
  ]);
  expect(await writeSolvePage(store, { place, search })).toEqual(first);
});

test('of a sequential refinement it has pass@1 and best@k before the table of problems', async () => {
  const store = new MemoryStore();
  const place = productPlace('solve', 'isl');
  await store.writeJsonl(uri.products(place, 'results.jsonl'), TOLD.map(refined));
  const search = { kind: 'sequential', threads: 2, iterations: 2, verdicts: 3 } as const;
  await store.writeJson(uri.products(place, 'input.json'), { problems: 'imports/problems/a.jsonl', refine: {} });
  const page = words(await store.readText((await writeSolvePage(store, { place, search })).uri));
  expect(page).toContain('Sequential refinement: 2 threads of at most 2 iterations; 3 verdicts of each proof.');
  expect(page).toContain('pass@1');
  expect(page.indexOf('pass@1')).toBeLessThan(page.indexOf('Summary'));
});
