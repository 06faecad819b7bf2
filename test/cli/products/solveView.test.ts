import { Pace } from '../../../cli/products/pace.ts';
import { NO_SETS } from '../../../cli/products/setsUnderWay.ts';
import { histogram, solvedLines, solveLines } from '../../../cli/products/solveView.ts';
import type { Place } from '../../../shared/ids.ts';
import { NOTHING_SPENT } from '../../../shared/products/caps.ts';
import {
  NO_ENDS,
  SEARCHES,
  type RoundSummary,
  type SolvedProblem,
  type SolveProgress,
} from '../../../shared/products/search.ts';

const NONE = { answered: 0, unparseable: 0, truncated: 0, failed: 0 };
const spent = (calls: number, tokens: number, cost: number | null = null) => ({
  calls,
  usage: { promptTokens: tokens / 2, completionTokens: tokens / 2 },
  cost,
});
const round = (means: readonly number[]): RoundSummary => ({
  round: 0,
  written: NONE,
  judged: NONE,
  means,
  best: means[0] ?? null,
  passed: 0,
});
const progress = (more: Partial<SolveProgress> = {}): SolveProgress => ({
  name: 'p',
  search: SEARCHES.small,
  problems: 3,
  done: { ...NO_ENDS, passed: 1 },
  underWay: [
    { problem: 'a', round: 1, last: round([0.95, 0.9, 0.5, 0.1]) },
    { problem: 'b', round: 0 },
  ],
  spent: spent(100, 40_000),
  ...more,
});

test.each([
  [[], '·····'],
  [[1], '····█'],
  [[0, 0.1, 0.5, 0.95, 0.99, 1, 1], '▄·▂·█'],
])('scores %j are drawn as %s', (scores, drawn) => {
  expect(histogram(scores)).toBe(drawn);
});

test('progress says what is done, what was taken, and how the rounds under way stand', () => {
  const lines = solveLines(SEARCHES.small);
  expect(lines(progress(), NO_SETS, 0).split('\n')).toEqual([
    '1 of 3 problems, 1 passed · 100 calls',
    '40 k tokens',
    '  a round 1 ▄·▄·█ best 0.95',
    '  b round 0',
  ]);
});

test('calls of the sets under way are counted at once; by their pace it tells how long it takes at most', () => {
  const lines = solveLines(SEARCHES.small);
  lines(progress(), NO_SETS, 0);
  const later = lines(progress(), { calls: 50, tokens: 10_000 }, 10_000);
  // Of the problems that have not ended, a has three rounds of four left, b all.
  const left = (180 + (180 * 3) / 4 - 50) / 5;
  expect(later.split('\n').slice(0, 2)).toEqual([
    '1 of 3 problems, 1 passed · 150 calls',
    `50 k tokens, 1 k a second · at most ${Math.floor(left)} s left`,
  ]);
});

test('caps are shown beside what is taken, the cost where there are prices', () => {
  const lines = solveLines(SEARCHES.small, { calls: 1_000, tokens: 2_000_000, cost: 5 });
  expect(
    lines(progress({ spent: spent(100, 40_000, 0.5) }), NO_SETS, 0)
      .split('\n')
      .slice(0, 2),
  ).toEqual([
    '1 of 3 problems, 1 passed · 100 of at most 1,000 calls · cost 0.50 of at most 5.00',
    '40 k of at most 2 M tokens',
  ]);
});

test('servers that are waited for are told after half a minute', () => {
  const waitingForServers = { since: new Date(0).toISOString(), last: '503 loading' } as const;
  const lines = solveLines(SEARCHES.small);
  expect(lines(progress(), { ...NO_SETS, waitingForServers }, 29_000)).not.toContain('waiting');
  expect(lines(progress(), { ...NO_SETS, waitingForServers }, 31_000)).toContain(
    '\nwaiting for servers since 1970-01-01 00:00 UTC, last: 503 loading\n',
  );
});

test('of many problems under way some are shown, and how many more there are', () => {
  const underWay = Array.from({ length: 20 }, (_, at) => ({ problem: `p${at}`, round: 0 }));
  const lines = solveLines(SEARCHES.small)(progress({ problems: 30, underWay }), NO_SETS, 0).split('\n');
  expect(lines.slice(-2)).toEqual(['  p7 round 0', '  and 12 more under way']);
});

test('a count never falls, though a set that ends is told of later than it was seen', () => {
  const pace = new Pace();
  expect(pace.see(0, { calls: 10, tokens: 100 })).toEqual({ calls: 10, tokens: 100 });
  expect(pace.see(1_000, { calls: 4, tokens: 40 })).toEqual({ calls: 10, tokens: 100 });
  expect(pace.see(2_000, { calls: 30, tokens: 300 })).toMatchObject({
    calls: 30,
    perSecond: { calls: 10, tokens: 100 },
  });
});

test('the end is a table, what passed, and what helps where caps were reached', async () => {
  const solved = (id: string, end: SolvedProblem['end'], mean: number | null): SolvedProblem => ({
    problem: { id, statement: 's', topic: 't', source: 'u' },
    end,
    best:
      mean === null
        ? null
        : {
            id,
            round: 0,
            proof: 'p',
            mean,
            verdicts: { '0': 0, '0.5': 0, '1': 1, missing: 0, spared: 0 },
            evidence: [],
          },
    ancestry: [],
    rounds: [round([])],
    spent: NOTHING_SPENT,
  });
  const all = [
    solved('a', 'passed', 1),
    solved('b', 'capped', 0.5),
    { ...solved('c', 'failed', null), reason: 'the server refuses it' },
  ];
  const result = {
    place: 'solve/p' as Place,
    search: SEARCHES.small,
    results: { uri: 'x', sha256: 'y', rows: 3 },
    done: { ...NO_ENDS, passed: 1, capped: 1, failed: 1 },
    spent: spent(72, 1_000, 1.5),
  };
  const lines = await solvedLines(
    result,
    (async function* each() {
      yield* all;
    })(),
  );
  expect(lines).toEqual([
    'problem           end  best score  rounds  calls',
    'a              passed        1.00       1      0',
    'b        caps reached        0.50       1      0',
    'c              failed           –       1      0',
    'c, failed: the server refuses it',
    '',
    '1 of 3 problems passed (33 %); 1 caps reached, 1 failed',
    '72 calls, 1,000 tokens, cost 1.50',
    'Caps were reached: the same command with greater ones goes on with what there is.',
  ]);
});

test('of a sequential refinement the line tells iterations and claims', () => {
  const search = { kind: 'sequential', threads: 4, iterations: 3, verdicts: 2 } as const;
  const iteration = { iteration: 2, answers: NONE, held: { '0': 1, '0.5': 1, '1': 2, none: 0 } };
  const told = progress({
    search,
    done: { ...NO_ENDS, claimed: 1 },
    underWay: [{ problem: 'a', round: 2, iteration }],
  });
  const line = solveLines(search)(told, NO_SETS, 0);
  expect(line).toContain('1 of 3 problems, 1 with a claim of 1');
  expect(line).toContain('a: 2 iterations, 2 of 4 gave themselves 1');
});
