import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../../activities/imports/source.ts';
import { rowsOf } from '../../../activities/imports/rows.ts';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';
import { SMALL_SAMPLING } from '../../../activities/products/open.ts';
import { labelPlace, writeRelabelled } from '../../../activities/products/label/relabel.ts';
import { relabel } from '../../../cli/lap/relabel.ts';
import type { Place } from '../../../shared/ids.ts';
import { LABELLING, policyOf } from '../../../shared/label/policies.ts';
import type { LabelReport } from '../../../shared/products/labels.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { LabelRow, LabelSetInput } from '../../../shared/sampling/sets.ts';
import { seedOf } from '../../../shared/seeds.ts';
import type { labelSet } from '../../../workflows/sets/labelSet.ts';
import { startLabelWorld, VERIFIER, type LabelWorld, type Line } from './labelWorld.ts';

let world: LabelWorld;
beforeAll(async () => {
  world = await startLabelWorld();
});
afterAll(() => world.stop());

const SMALL = { analysesPerProof: 4, metaAnalysesPerAnalysis: 2, minValidAnalyses: 1, waves: [2, 2] };

async function keysIn(setId: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of readOutcomes(world.store, setId)) keys.push(key);
  return keys;
}

test('a file of proofs becomes a table of labels, each with what decided it; every call is made once', async () => {
  const before = await world.stub.stats();
  const result = await world.label({ name: 'table', proofs: await world.proofs(150) });
  const lines = await world.lines('products/label/table/labels.jsonl');
  expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: 150 }, (_, index) => `r${index}`));
  const { requests, repeated } = await world.stub.stats();
  expect([requests - before.requests, repeated]).toEqual([result.spent.calls, 0]);
  expect(lines.reduce((sum, { calls }) => sum + Number(calls), 0)).toBe(result.spent.calls);

  const keys = await keysIn('label/table/verdicts');
  expect(new Set(keys).size).toBe(keys.length);
  const evidence = await world.lines('products/label/table/evidence.jsonl');
  const of = new Map(lines.map((line) => [line['id'], line]));
  for (const one of evidence) {
    const line = of.get(one['proof_id'] ?? '') as Line;
    if (line['label'] === 0) expect([one['score'], one['valid']]).toEqual([0, true]);
    if (line['label'] === 0.5) expect([Number(one['score']) < 1, one['valid']]).toEqual([true, true]);
    if (line['label'] === 1) expect(one['valid']).toBe(false);
    expect(one['text']).toMatch(/\\boxed/);
  }
  for (const { id, label } of lines)
    if (label === 0) expect(evidence.filter((one) => one['proof_id'] === id).length).toBeGreaterThanOrEqual(3);

  const report = await world.store.readJson<LabelReport>('products/label/table/report.json');
  const given = (label: number | null) => lines.filter((line) => line['label'] === label).length;
  expect(report.labels).toEqual({ '0': given(0), '0.5': given(0.5), '1': given(1), none: given(null) });
  expect(report.topics.map(({ topic }) => topic).sort()).toEqual(['algebra', 'geometry']);
  const contested = await world.lines('products/label/table/contested.jsonl');
  expect(contested.map(({ id }) => id)).toEqual(lines.filter(({ label }) => label === null).map(({ id }) => id));
  expect(await world.store.readText('products/label/table/page.html')).toContain('Without a label');
});

test('the Parquet file says what the JSON lines say', async () => {
  const lines = await world.lines('products/label/table/labels.jsonl');
  const source = await openSource(await world.store.local('products/label/table/labels.parquet'), 'labels');
  const rows: object[] = [];
  for await (const { row } of rowsOf(source).rows) rows.push(row);
  expect(rows).toEqual(lines);
});

test('labels and calls are those of a lap with the same proofs, seed and policy', async () => {
  const { prompts, input } = await world.store.readJson<LabelReport>('products/label/table/report.json');
  const { waves, earlyStop, verdictAttempts } = LABELLING.team;
  const { endpoint, model: name } = VERIFIER;
  const asked: LabelSetInput = {
    setId: 'main/lap-0001/label/verdicts',
    proofs: { ...input, rows: 150 },
    verifier: { role: 'verifier', endpoint, name, revision: '1' },
    metaVerifier: { role: 'metaVerifier', endpoint, name, revision: '1' },
    prompts,
    policy: policyOf(LABELLING.team),
    waves,
    earlyStop,
    verdictAttempts,
    sampling: { verify: SMALL_SAMPLING.verify, metaVerify: SMALL_SAMPLING.metaVerify },
    seed: seedOf(1, 'verdicts'),
    engine: { engine: 'external', shardRows: 500, window: 2, maxConcurrency: 64 },
  };
  const lap = await world.env.client.workflow.execute<typeof labelSet>('labelSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: asked.setId,
    args: [asked],
  });
  const labelsOf = async (setId: string) =>
    world.store.readRows<LabelRow>({ ...(await world.store.refOf(`labels/${setId}/labels.jsonl`)), rows: 150 });
  expect(await labelsOf(asked.setId)).toEqual(await labelsOf('label/table/verdicts'));
  expect((await keysIn(asked.setId)).sort()).toEqual((await keysIn('label/table/verdicts')).sort());
  expect(lap.labels.total).toBe(150);
});

test('the same again asks nothing and writes the same; the name of something else is refused', async () => {
  const proofs = await world.proofs(150);
  const before = await world.stub.stats();
  const bytes = await world.store.readText('products/label/table/labels.jsonl');
  await world.label({ name: 'table', proofs });
  expect((await world.stub.stats()).requests).toBe(before.requests);
  expect(await world.store.readText('products/label/table/labels.jsonl')).toBe(bytes);
  expect(await world.refusal({ name: 'table', proofs, seed: 2 })).toMatch(
    /the input that label\/table was begun with, seed = nothing, got 2: give it another name/,
  );
});

test('where the caps end it, labels that nothing could change are given, and greater caps go on', async () => {
  const proofs = await world.proofs(60);
  const whole = await world.label({ name: 'whole', proofs });
  const labels = await world.lines('products/label/whole/labels.jsonl');
  // Proofs under way at once share what is left: the fewer, the more of them come to a label.
  const caps = { calls: Math.floor(whole.spent.calls / 2) };
  const capped = await world.label({ name: 'capped', proofs, caps, concurrency: 8 });
  expect(capped.spent.calls).toBeLessThanOrEqual(whole.spent.calls / 2);
  expect(capped.decisions.capped).toBeGreaterThan(0);
  expect(capped.decisions.auto).toBeGreaterThan(0);
  const of = new Map(labels.map((line) => [line['id'], line]));
  const soFar = await world.lines('products/label/capped/labels.jsonl');
  for (const line of soFar) {
    if (line['reason'] === 'caps reached') expect([line['label'], line['decision']]).toEqual([null, 'unresolved']);
    else
      expect([line['label'], line['decision']]).toEqual([
        of.get(line['id'] ?? '')?.['label'],
        of.get(line['id'] ?? '')?.['decision'],
      ]);
  }
  expect(soFar.filter(({ reason }) => reason === 'caps reached').length).toBe(capped.decisions.capped);
  const report = await world.store.readJson<LabelReport>('products/label/capped/report.json');
  expect(report.warnings.join(' ')).toMatch(/to take at most \d+ calls together/);

  const again = await world.label({ name: 'capped', proofs });
  expect([again.decisions, again.spent.calls]).toEqual([whole.decisions, whole.spent.calls]);
  const rest = await world.lines('products/label/capped/labels.jsonl');
  expect(rest.map(({ label }) => label)).toEqual(labels.map(({ label }) => label));
});

test('one that is ended by force goes on where it was', async () => {
  await world.stub.change({ medianMs: 40 });
  const proofs = await world.proofs(61);
  const before = await world.stub.stats();
  const handle = await world.start({ name: 'killed', proofs });
  while ((await world.stub.stats()).answered < before.answered + 300) await sleep(20);
  await handle.terminate();
  await sleep(200);
  await world.env.client.workflow
    .getHandle('label/killed/verdicts')
    .cancel()
    .catch(() => undefined);
  while ((await world.stub.stats()).open > 0) await sleep(20);
  await world.stub.change({ medianMs: 2 });
  const result = await world.label({ name: 'killed', proofs });
  const after = await world.stub.stats();
  expect(after.requests - before.requests - result.spent.calls).toBeLessThanOrEqual(64);
  expect(result.labels.rows).toBe(61);
});

test('without meta-verification every report of an issue counts, and no meta-analysis is asked for', async () => {
  const proofs = await world.proofs(20);
  const result = await world.label({ name: 'bare', proofs, policy: { ...SMALL, metaAnalysesPerAnalysis: 0 } });
  const lines = await world.lines('products/label/bare/labels.jsonl');
  expect(lines.every((line) => line['meta_analyses'] === 0 && line['meta_verifier'] === '')).toBe(true);
  for (const line of lines)
    if (line['label'] === 1) expect(Number(line['analyses_0']) + Number(line['analyses_half'])).toBe(0);
  expect(result.decisions.unresolved).toBe(0);
});

test.each([
  [{ policy: 'house' }, /Invalid input of label: policy: /],
  [
    { policy: { minValidAnalyses: 20 } },
    /policy\.minValidAnalyses \(--k\): expected at most analysesPerProof \(--n\), 16, got 20/,
  ],
  [
    { proofs: 'imports/none.jsonl' },
    /proofs: expected a file of the store.*got "imports\/none\.jsonl".*flywheel import candidates/,
  ],
  [{ proofs: '../../etc/passwd' }, /proofs: expected a file of the store.*which is not there/],
  [{ verifier: undefined }, /verifier: expected a model.*got neither/],
  [{ names: 'x' }, /Invalid input of label: .*names/],
  [{ ask: { seats: 0 } }, /Invalid input of label: ask\.seats/],
  [{ name: 'Not a Name' }, /Invalid input of label: name: expected small letters/],
])('%j is refused in a sentence', async (wrong, message) => {
  const proofs = await world.proofs(20);
  expect(await world.refusal({ name: 'wrong', proofs, ...(wrong as object) })).toMatch(message);
});

test('a judge whose answers cannot be read labels nothing, and the failure says so', async () => {
  await world.stub.change({ unparseable: 1 });
  const proofs = await world.proofs(5);
  expect(await world.refusal({ name: 'unread', proofs, policy: SMALL })).toMatch(/Expected an answer that can be read/);
  await world.stub.change({ unparseable: 0 });
});

test('other rules of the same verdicts are tried, and written, without a call', async () => {
  const before = await world.stub.stats();
  const same = await relabel(world.store, 'label/table', {});
  expect(same.summary).toMatchObject({ proofs: 150, unchanged: 150 });
  const { policy, rows, summary } = await relabel(world.store, 'label/table', { k: '1/16', m: '0' });
  expect(policy).toMatchObject({ minValidAnalyses: 1, metaAnalysesPerAnalysis: 0, analysesPerProof: 16 });
  expect(summary.unchanged).toBeLessThan(150);

  const from = (await labelPlace(world.store, 'label/table')) as Place;
  const written = await writeRelabelled(world.store, { from, to: 'table-k1', policy });
  const lines = new Map((await world.lines('products/label/table-k1/labels.jsonl')).map((line) => [line['id'], line]));
  for (const { proofId, after } of rows)
    expect(lines.get(proofId)?.['label']).toBe(after.kind === 'labelled' ? after.score : null);
  expect(written.labels.rows).toBe(150);
  expect((await world.stub.stats()).requests).toBe(before.requests);
  await expect(
    writeRelabelled(world.store, { from, to: 'table-k1', policy: { ...policy, minValidAnalyses: 2 } }),
  ).rejects.toThrow(/--to: Expected the input that label\/table-k1 was begun with, policy/);
  await expect(writeRelabelled(world.store, { from, to: 'table', policy })).rejects.toThrow(/begun with/);
  await expect(writeRelabelled(world.store, { from: written.place, to: 'x', policy })).rejects.toThrow(
    /Expected a label with verdicts of its own, got label\/table-k1: its are those of label\/table/,
  );
});

test('verdicts that the caps have ended are enough for a smaller rule', async () => {
  const proofs = await world.proofs(60);
  const caps = { calls: 600 };
  const capped = await world.label({ name: 'begun', proofs, caps, concurrency: 8 });
  expect(capped.decisions.capped).toBeGreaterThan(0);
  const { summary } = await relabel(world.store, 'label/begun', { n: '2', k: '1', m: '0' });
  expect(summary.proofs).toBe(60);
  expect(Object.keys(summary.changes).some((change) => /^unresolved → (0|0\.5|1)$/.test(change))).toBe(true);
});
