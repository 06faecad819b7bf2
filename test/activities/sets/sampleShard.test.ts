import { scoresByRow } from '../../../activities/sets/outcomes.ts';
import { validityOf, type MaybeScore } from '../../../shared/label/autoLabel.ts';
import { countVerdicts, meanScore } from '../../../shared/products/pool.ts';
import type { AutoLabelPolicy } from '../../../shared/sampling/sets.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { openWorld, type World } from '../inference/world.ts';

jest.setTimeout(60_000);

const policy: AutoLabelPolicy = {
  analysesPerProof: 1,
  metaAnalysesPerAnalysis: 7,
  minValidAnalyses: 1,
  confirmingMetaScore: 1,
};

let stub: Stub;
let world: World;
let full: Map<string, MaybeScore[]>;
let decided: Map<string, MaybeScore[]>;

beforeAll(async () => {
  stub = await startStub({ medianMs: 3, unparseable: 0.1 });
  world = await openWorld({ resolve: stub.url });
  const proofs = await world.store.readRows<object>(await world.rows(40));
  const rows = await world.store.writeJsonl(
    'datasets/analyses.jsonl',
    proofs.map((proof) => ({ ...proof, analysis: 'Step 2 is wrong.' })),
  );
  const votes = { rows, task: 'metaVerify', samplesPerRow: policy.metaAnalysesPerAnalysis } as const;
  await world.sample({ ...votes, setId: 'all' });
  await world.sample({ ...votes, setId: 'decided', decides: policy });
  [full, decided] = (await Promise.all(['all', 'decided'].map((set) => scoresByRow(world.store, set)))) as [
    typeof full,
    typeof decided,
  ];
});
afterAll(async () => {
  await world.close();
  await stub.kill();
});

test('votes that are asked for only until they decide are those that a full set has, and decide alike', () => {
  expect(decided.size).toBe(40);
  for (const [row, votes] of decided) {
    const all = full.get(row) ?? [];
    expect(votes).toEqual(all.slice(0, votes.length));
    expect(validityOf(policy, votes) === 'valid').toBe(validityOf(policy, all) === 'valid');
  }
});

test('it takes fewer calls', () => {
  const calls = (votes: typeof full) => [...votes.values()].reduce((sum, { length }) => sum + length, 0);
  expect(calls(full)).toBe(40 * 7);
  expect(calls(decided)).toBeLessThan(0.9 * calls(full));
});

describe('verdicts on proofs that differ', () => {
  const verdictsOf = async (setId: string) => scoresByRow(world.store, setId);
  const verify = { task: 'verify', samplesPerRow: 16 } as const;
  let all: Map<string, MaybeScore[]>;
  beforeAll(async () => {
    await stub.change({ issues: 0.5, differ: 1, unparseable: 0.05 });
    const rows = await world.rows(24);
    await world.sample({ ...verify, rows, setId: 'verdicts' });
    await world.sample({ ...verify, rows, setId: 'reaching', leastMean: 0.8 });
    await world.sample({ ...verify, rows, setId: 'halved', halves: true });
    all = await verdictsOf('verdicts');
  });

  test.each(['reaching', 'halved'])('are, in the set %s, the first of those that a full set has', async (setId) => {
    const some = await verdictsOf(setId);
    expect(some.size).toBe(24);
    for (const [row, scores] of some) expect(scores).toEqual((all.get(row) ?? []).slice(0, scores.length));
  });

  test('are asked for in full of every proof whose mean is as great as it has to be', async () => {
    const reached = [...(await verdictsOf('reaching'))];
    expect(reached.some(([, scores]) => scores.length < 16)).toBe(true);
    for (const [row, { length }] of reached)
      if ((meanScore(countVerdicts(all.get(row) ?? [])) ?? 0) >= 0.8) expect(length).toBe(16);
  });

  test('are halved by what is known of them: 24 proofs have 2, 12 of them 4, 6 have 8, and 3 have all 16', async () => {
    const asked = [...(await verdictsOf('halved')).values()].map(({ length }) => length).sort((a, b) => a - b);
    expect(asked).toEqual([...Array<number>(12).fill(2), ...Array<number>(6).fill(4), 8, 8, 8, 16, 16, 16]);
  });
});
