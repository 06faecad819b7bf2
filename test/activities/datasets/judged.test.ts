import { chooseForPeople, collectRated, collectWritten, idOfText } from '../../../activities/datasets/judged.ts';
import type { EvaluationSet } from '../../../shared/lap/manifest.ts';
import type { AnalysisRow, ProofRow } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  analysisText,
  failed,
  malformed,
  newStore,
  outcome,
  problem,
  proofOf,
  proofRow,
  provedText,
  selfVerifiedText,
  writeSet,
} from '../../reports/figures/lapFixture.ts';

const lap = 'main/lap-0001';
const set = (subject: EvaluationSet['subject'], model: EvaluationSet['model'], more = {}): EvaluationSet => ({
  subject,
  model,
  decoding: 'sampled',
  setId: `${lap}/evaluation/${subject}-${model}`,
  ...more,
});
const sets = [
  set('generator', 'base'),
  set('generator', 'generator', { decoding: 'greedy', setId: 'greedy' }),
  set('selfVerification', 'selfVerification'),
  set('verifier', 'base'),
  set('verifier', 'verifierV1'),
  set('verifier', 'verifierV2'),
];
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
const writtenId = (index: number, worth: Score) => idOfText(`p${index}`, proofOf(worth));

async function world() {
  const store = await newStore();
  const problems = await store.writeJsonl('datasets/held-out.jsonl', [problem(0), problem(1)]);
  await writeSet(store, `${lap}/evaluation/generator-base`, [
    outcome('p0', 'prove', provedText(0)),
    malformed('p1', 'prove'),
    failed('p1', 'prove'),
  ]);
  await writeSet(store, `${lap}/evaluation/selfVerification-selfVerification`, [
    outcome('p0', 'selfVerify', selfVerifiedText(0, 1)),
    outcome('p0', 'selfVerify', selfVerifiedText(1, 1), { sample: 1 }),
    outcome('p1', 'selfVerify', selfVerifiedText(1, 1)),
  ]);
  return { store, problems };
}

test('the proofs of all generators are judged once each, whoever wrote them and however often', async () => {
  const { store, problems } = await world();
  const written = await collectWritten(store, { lap, problems, sets });
  const rows = await store.readRows<ProofRow>(written);
  expect(idsOf(rows)).toEqual([writtenId(0, 0), writtenId(0, 1), writtenId(1, 1)]);
  expect(rows[0]).toMatchObject({ problem: problem(0), proof: proofOf(0) });
});

test('of the verifiers that a lap compares each well-formed analysis is rated once', async () => {
  const { store } = await world();
  const proofs = await store.writeJsonl('datasets/proofs.jsonl', [proofRow(0, 0), proofRow(1, 1)]);
  for (const [model, score] of [
    ['base', 0.5],
    ['verifierV1', 0],
    ['verifierV2', 0],
  ] as const)
    await writeSet(store, `${lap}/evaluation/verifier-${model}`, [
      outcome('proof-0', 'verify', analysisText(score)),
      outcome('proof-1', 'verify', analysisText(score, { quality: model === 'verifierV2' ? 1 : 0 })),
      { ...malformed('proof-1', 'verify'), sample: 1 },
    ]);
  const rows = await store.readRows<AnalysisRow>(await collectRated(store, { lap, proofs, sets }));
  expect(rows.map(({ proofId, analysis }) => [proofId, analysis])).toEqual([
    ['proof-0', analysisText(0)],
    ['proof-1', analysisText(0, { quality: 0 })],
    ['proof-1', analysisText(0, { quality: 1 })],
  ]);
  expect(new Set(idsOf(rows)).size).toBe(3);
});

describe("people's sample", () => {
  /** The final generator wrote 30 proofs, to which the verifier gives 0 but for three. */
  async function ofThirty() {
    const store = await newStore();
    const problems = Array.from({ length: 30 }, (_, index) => problem(index));
    const heldOut = await store.writeJsonl('datasets/held-out.jsonl', problems);
    await writeSet(store, `${lap}/evaluation/generator-base`, [outcome('p0', 'prove', provedText(1))]);
    const answers = problems.map(({ id }) => outcome(id, 'selfVerify', selfVerifiedText(0, 1)));
    await writeSet(store, `${lap}/evaluation/selfVerification-selfVerification`, answers);
    const written = await collectWritten(store, { lap, problems: heldOut, sets });
    const verdicts = (await store.readRows<ProofRow>(written)).map(({ id, problem: { id: of } }) =>
      outcome(id, 'verify', '', { score: ['p3', 'p5', 'p7'].includes(of) ? 1 : 0 }),
    );
    await writeSet(store, 'verdicts', verdicts);
    const ask = { lap, sets, written, count: 10, seed: 1 };
    const choose = (over: Partial<typeof ask> = {}) =>
      chooseForPeople(store, { ...ask, verdicts: 'verdicts', ...over });
    return { store, choose, withoutVerdicts: () => chooseForPeople(store, { ...ask, count: 100 }) };
  }

  test('has some of each score that the verifier gives, of the final generator alone, in no order', async () => {
    const { store, choose } = await ofThirty();
    const rows = await store.readRows<ProofRow>(await choose());
    expect(rows).toHaveLength(10);
    expect(rows.every(({ proof }) => proof === proofOf(0))).toBe(true);
    const rare = rows.flatMap(({ problem: { id } }, place) => (['p3', 'p5', 'p7'].includes(id) ? [place] : []));
    expect(rare).toHaveLength(3);
    expect(rare).not.toEqual([0, 1, 2]);
  });

  test('says nothing of the verdicts', async () => {
    const { store, choose } = await ofThirty();
    for (const row of await store.readRows<ProofRow>(await choose()))
      expect(Object.keys(row).sort()).toEqual(['id', 'model', 'problem', 'proof']);
  });

  test('is the same again, and another by another seed', async () => {
    const { choose } = await ofThirty();
    const first = await choose();
    expect(await choose()).toEqual(first);
    expect((await choose({ seed: 2 })).sha256).not.toBe(first.sha256);
  });

  test('can do without a verifier, and is all there are where more are asked for', async () => {
    const { withoutVerdicts } = await ofThirty();
    expect((await withoutVerdicts()).rows).toBe(30);
  });
});
