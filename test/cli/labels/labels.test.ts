import { choose } from '../../../cli/labels/labels.ts';
import { relabel } from '../../../cli/lap/relabel.ts';
import { scoredLabels } from '../../../activities/datasets/labelScores.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { auditSetOf, placeOf, setIdOf, uri } from '../../../shared/ids.ts';
import type { ProofScore } from '../../../shared/scores.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { openWorld, type World } from '../../activities/inference/world.ts';
import { team } from '../../../domains/proofs/presets.ts';
import { toyChecker } from '../../reports/figures/lapFixture.ts';

jest.setTimeout(60_000);

const LAP = 'main/lap-0001';
const SET = `${LAP}/label/verdicts`;
const truthOf = (id: string): ProofScore => ([0, 0.5, 1] as const)[Number(id.slice(1)) % 3] ?? 0;

let stub: Stub;
let world: World;
/** What the set's own policy made of each proof. */
let decided: ReadonlyMap<string, string>;

beforeAll(async () => {
  stub = await startStub({ medianMs: 3, unparseable: 0.05 });
  world = await openWorld({ resolve: stub.url });
  for (const setId of [SET, 'main/lap-0002/label/verdicts'])
    await world.label({
      setId,
      proofs: await world.rows(60),
      earlyStop: false,
      policy: { analysesPerProof: 8, metaAnalysesPerAnalysis: 4, minValidAnalyses: 2, confirmingMetaScore: 1 },
    });
  const { rows } = await relabel(world.store, SET, {});
  decided = new Map(
    rows.map(({ proofId, before }) => [proofId, before.kind === 'labelled' ? String(before.score) : before.kind]),
  );
  const [audited, contested] = [true, false].map((isLabelled) =>
    [...decided].filter(([, name]) => /^[\d.]+$/.test(name) === isLabelled).map(([id]) => id),
  );
  // Every second label is audited; one contested proof is scored after its lap went on, and stands in its log alone.
  const scored = (id: string) => ({
    id,
    result: { kind: 'scored', score: truthOf(id), source: 'expert', verdicts: 2, adjudicated: false } as const,
  });
  await world.store.writeJsonl(
    uri.reviewResults(auditSetOf(LAP)),
    audited!.filter((_, index) => index % 2 === 0).map(scored),
  );
  const experts = setIdOf(placeOf(LAP, 'scaleVerification'), 'experts');
  const [late, ...inTime] = contested!;
  await world.store.writeJsonl(uri.reviewResults(experts), [
    ...inTime.map(scored),
    { id: late, result: { kind: 'open' } },
  ]);
  await new ReviewLog(world.store).append(experts, late!, [
    { ...scored(late!), kind: 'result', id: 'late', at: '2026-01-01T00:00:00Z' },
  ]);
});
afterAll(async () => {
  await world.close();
  await stub.kill();
});

test('the precision of every candidate is what relabelling gives of the proofs that people scored', async () => {
  const { requests } = await stub.stats();
  const { candidates, strata, scored } = await choose(world.store, [SET], { goal: '0.01' });
  expect(candidates.length).toBeGreaterThan(5);
  expect(strata.reduce((sum, stratum) => sum + stratum.scored, 0)).toBe(scored);
  const isScored = await scoredIds();
  for (const { policy, precision } of candidates) {
    const { analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k, rule = 'lowest' } = policy;
    const { rows } = await relabel(world.store, SET, { n: `${n}`, m: `${m}`, k: `${k}`, rule });
    let [right, labels, count] = [0, 0, 0];
    for (const { proofId, after } of rows) {
      if (after.kind !== 'labelled' || !isScored.has(proofId)) continue;
      const stratum = strata.find(({ decision }) => decision === decided.get(proofId))!;
      const weight = stratum.proofs / stratum.scored;
      count += 1;
      labels += weight;
      if (after.score === truthOf(proofId)) right += weight;
    }
    expect(precision?.n ?? 0).toBe(count);
    if (precision !== null) expect(precision.value).toBeCloseTo(right / labels);
  }
  expect((await stub.stats()).requests).toBe(requests);
});

async function scoredIds(): Promise<Set<string>> {
  const experts = setIdOf(placeOf(LAP, 'scaleVerification'), 'experts');
  const ids = new Set<string>();
  for (const set of [experts, auditSetOf(LAP)])
    for await (const { id } of world.store.readJsonl<{ id: string }>(await world.store.refOf(uri.reviewResults(set))))
      ids.add(id);
  return ids;
}

test('a lap stands for its label set', async () => {
  expect((await choose(world.store, ['lap-0001'], {})).sets).toEqual([SET]);
});

test('a label set over proofs that people scored needs no lap', async () => {
  const rows = await world.store.readRows<{ readonly id: string }>(await world.rows(12));
  const scored = rows.map((row) => ({ ...row, score: truthOf(row.id), source: 'expert' }));
  await world.label({ setId: 'graded', proofs: await world.store.writeJsonl('datasets/graded.jsonl', scored) });
  expect(await choose(world.store, ['graded'], {})).toMatchObject({ scored: 12, goal: 0.95 });
});

test('where nobody scored a proof, it says how to come to scores', async () => {
  await expect(choose(world.store, ['lap-0002'], {})).rejects.toThrow(
    /^Expected proofs of main\/lap-0002\/label\/verdicts that people scored, got none: labelling\.auditShare/,
  );
});

test('a truth that is none, a goal that is none and a set that is none are refused by name', async () => {
  await expect(choose(world.store, [SET], { truth: 'oracle' })).rejects.toThrow('got "oracle"');
  await expect(choose(world.store, [SET], { goal: '95' })).rejects.toThrow('Expected --goal to be a precision');
  await expect(choose(world.store, ['lap-0009'], {})).rejects.toThrow(/Expected the name of a set in the store/);
});

test('a checker is asked for only where the lap’s domain has one, which knows every proof', async () => {
  await expect(choose(world.store, [SET], { truth: 'checker' })).rejects.toThrow(/whose domain has a checker/);
  await world.store.writeJson(uri.recipe(LAP), team);
  await expect(choose(world.store, [SET], { truth: 'checker' })).rejects.toThrow('domain proofs has no checker');
  const { proofs, scores } = await scoredLabels(world.store, SET, toyChecker);
  expect([...scores]).toEqual(proofs.map(({ proofId }) => [proofId, 0]));
});
