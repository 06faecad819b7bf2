import { collectRound, rankRound } from '../../../activities/products/search.ts';
import { problemPlace, writeSolved } from '../../../activities/products/solve.ts';
import { writeSolvedProblem } from '../../../activities/products/solved.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { measureLap } from '../../../reports/figures/measureLap.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import { NOTHING_SPENT } from '../../../shared/products/caps.ts';
import { setsOfRound } from '../../../shared/products/rounds.ts';
import type { PoolSearch } from '../../../shared/products/search.ts';
import { placeOf, setIdOf, uri, type Place } from '../../../shared/ids.ts';
import type { LapManifest, SolveName, TestTimeRecord } from '../../../shared/lap/manifest.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';
import { NO_VERDICTS_BY_TASK } from '../../../shared/figures/losses.ts';
import {
  analysisText,
  at,
  newStore,
  outcome,
  problem,
  provedText,
  toyChecker,
  writeLap,
  writeSet,
} from './lapFixture.ts';

const search: PoolSearch = { kind: 'pool', proofs: 2, analyses: 2, refined: 1, shown: 1, rounds: 1 };

/** A proof by what it is worth, and what two verdicts on it say. */
interface Wrote {
  readonly worth: Score;
  readonly says: readonly Score[];
}

/** A finished set, with the calls of its shard as they are counted. */
async function finishedSet(store: FileStore, setId: string, outcomes: readonly Outcome[]): Promise<Outcome[]> {
  await writeSet(store, setId, outcomes);
  const lost = outcomes.filter(({ kind }) => kind === 'unparseable').length;
  const counts = { answered: outcomes.length - lost, unparseable: lost, truncated: 0, failed: 0 };
  const usage = { promptTokens: 10 * outcomes.length, completionTokens: outcomes.length };
  const verify = { ...NO_VERDICTS_BY_TASK.verify, asked: outcomes.length, unparseable: lost };
  await store.writeJson(uri.shardResult(setId, 0), {
    inputSha256: '',
    plan: {},
    result: {
      rows: 1,
      counts,
      usage,
      requests: outcomes.length,
      seconds: 1,
      ...(outcomes[0]?.task === 'verify' && { verdicts: { ...NO_VERDICTS_BY_TASK, verify } }),
    },
  });
  return [...outcomes];
}

/** What a search of one problem leaves, round by round. */
async function searchOf(store: FileStore, place: Place, index: number, rounds: readonly (readonly Wrote[])[]) {
  const about = problem(index);
  const here = problemPlace(place, about.id);
  const rows = await store.writeJsonl(uri.dataset(here, 'asked'), [{ id: about.id, problem: about }]);
  let best: DatasetRef | undefined;
  for (const [round, wrote] of rounds.entries()) {
    const sets = setsOfRound(round);
    const [asked = { id: about.id }] = best ? await store.readRows<{ id: string }>(best) : [];
    const written = wrote.map(({ worth }, sample) =>
      outcome(asked.id, round === 0 ? 'prove' : 'refine', provedText(worth), { sample }),
    );
    await finishedSet(store, setIdOf(here, sets.proofs), written);
    const setId = setIdOf(here, sets.proofs);
    const proofs = await collectRound(store, { at: here, round, setId, rows: best ?? rows });
    const ids = (await store.readRows<{ id: string }>(proofs)).map(({ id }) => id);
    const verdicts = setIdOf(here, sets.verdicts);
    const judged = ids.flatMap((id, at) =>
      (wrote[at]?.says ?? []).map((score, sample) => outcome(id, 'verify', analysisText(score), { sample, score })),
    );
    await finishedSet(store, verdicts, judged);
    const counts = { answered: written.length, unparseable: 0, truncated: 0, failed: 0 };
    const record = { round, proofs, verdicts, written: counts, judged: counts, spent: NOTHING_SPENT };
    best = (await rankRound(store, { at: here, search, best, asked: record })).best;
  }
  const end = rounds.at(-1)?.some(({ says }) => says.every((score) => score === 1)) ? 'passed' : 'exhausted';
  await writeSolvedProblem(store, { place, at: here, rows, end });
}

async function recordOf(
  store: FileStore,
  { lap, base }: LapManifest,
  name: SolveName,
  searches: readonly (readonly (readonly Wrote[])[])[],
): Promise<TestTimeRecord> {
  const place = setIdOf(placeOf(lap, 'evaluation'), name) as Place;
  for (const [index, rounds] of searches.entries()) await searchOf(store, place, index, rounds);
  const rows = searches.map((_, index) => ({ id: problem(index).id, problem: problem(index) }));
  const problems = await store.writeJsonl(uri.dataset(place, 'problems'), rows);
  const { results } = await writeSolved(store, { place, problems, search });
  const model = name.endsWith('base') ? 'base' : 'selfVerification';
  const times = { startedAt: at(400), wallSeconds: 30 };
  return { name, policy: search, model, generator: base, verifier: base, place, problems, results, ...times };
}

const bad: Wrote = { worth: 0, says: [1, 0] };
const good: Wrote = { worth: 1, says: [1, 1] };
const liked: Wrote = { worth: 0, says: [1, 1] };
const doubted: Wrote = { worth: 1, says: [0, 0] };

test('a lap’s searches are measured by the checker, and their calls are on its account', async () => {
  const store = await newStore();
  const blank = await writeLap(store);
  const testTime = [
    await recordOf(store, blank, 'search-base', [
      [[bad, bad], [bad]],
      [[bad, doubted], [liked]],
    ]),
    await recordOf(store, blank, 'search-selfVerification', [[[bad, bad], [good]], [[good, bad]]]),
  ];
  const manifest = { ...blank, evaluation: { ...blank.evaluation, testTime } };
  const report = await measureLap(manifest, store, () => toyChecker);
  const [base, own] = report.testTime ?? [];

  expect(base?.search).toMatchObject({
    problems: 2,
    unfinished: 0,
    oneShot: { value: 1 / 4 },
    gain: { value: -1 / 4 },
  });
  expect(base?.search?.points).toMatchObject([
    { round: 0, searched: 2, passed: { value: 0 }, right: { value: 0 }, found: { value: 1 / 2 }, falselyPassed: null },
    { round: 1, searched: 2, passed: { value: 1 / 2 }, right: { value: 0 }, falselyPassed: { value: 1 } },
  ]);
  expect(own?.search?.points).toMatchObject([
    { searched: 2, passed: { value: 1 / 2 }, right: { value: 1 / 2 } },
    { searched: 1, passed: { value: 1 }, right: { value: 1 }, bestTruth: { value: 1 }, falselyPassed: { value: 0 } },
  ]);
  expect(own?.search?.gain?.value).toBe(3 / 4);
  expect([base?.gainOverBase, own?.gainOverBase?.value]).toEqual([undefined, 1]);

  // Round 0: two proofs with two verdicts each; round 1: one.
  expect([base?.calls, own?.calls]).toEqual([2 * (6 + 3), 6 + 3 + 6]);
  expect(base?.verdicts).toEqual({ asked: 2 * (4 + 2), lost: 0 });
  const { used } = report.ledger.find(({ phase }) => phase === 'evaluation') ?? {};
  expect(used).toMatchObject({ calls: 18 + 15, promptTokens: 330, completionTokens: 33 });
  expect(report.rates.tokens).toMatchObject({ 'evaluation/refine': { prompt: 10, completion: 1 } });
});

test('without a checker it is said that the truth was not measured', async () => {
  const store = await newStore();
  const blank = await writeLap(store);
  const { recipe, evaluation } = blank;
  const testTime = [await recordOf(store, blank, 'search-selfVerification', [[[good, bad]]])];
  const domain = { ...recipe.domain, checker: 'none' as const };
  const manifest = { ...blank, recipe: { ...recipe, domain }, evaluation: { ...evaluation, testTime } };
  const report = await measureLap(manifest, store, () => undefined);
  expect(report.testTime?.[0]?.search).toMatchObject({ oneShot: null, gain: null });
  expect(report.testTime?.[0]?.search?.points[0]).toMatchObject({ passed: { value: 1 }, right: null });
  expect(report.notMeasured).toContainEqual({
    figure: 'testTime.search-selfVerification.points.right',
    reason: 'no checker knows the true score of newly written proofs',
  });
});
