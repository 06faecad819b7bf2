import { scoresByRow } from '../../../activities/sets/outcomes.ts';
import { validityOf, type MaybeScore } from '../../../shared/label/autoLabel.ts';
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
