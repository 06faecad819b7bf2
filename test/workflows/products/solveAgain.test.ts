import { setTimeout as sleep } from 'node:timers/promises';
import { rootCause } from '@temporalio/common';
import type { SolveProgress } from '../../../shared/products/search.ts';
import { problem, startSolveWorld, type SolveWorld } from './solveWorld.ts';

jest.setTimeout(180_000);

const SEARCH = { proofs: 4, analyses: 4, refined: 4, shown: 2, rounds: 3 };
/** Some pass after a round or two, some do not. */
const MIXED = { issues: 0.8, differ: 0.9, refines: 0.5 };
let world: SolveWorld;
let isServed = true;

beforeAll(async () => {
  world = await startSolveWorld(MIXED, { isServed: () => isServed });
});
afterAll(() => world.stop());
beforeEach(() => world.stub.change({ ...MIXED, medianMs: 2 }));

/** All that a result says but what its name decides. */
const bare = (solved: unknown, name: string): unknown => JSON.parse(JSON.stringify(solved).replaceAll(name, 'it'));

const children = async (name: string): Promise<number[]> =>
  (await world.histories(`solve/${name}`)).map(({ types }) => types['startChildWorkflowExecutionInitiated'] ?? 0);

async function untilRound(name: string, id: string, round: number): Promise<void> {
  const at = `datasets/solve/${name}/${id}/round-${round}.jsonl`;
  while ((await world.store.stat(at)) === undefined) await sleep(20);
}

test('what is solved is taken over by the same input: no model is asked, no search is begun', async () => {
  const input = { name: 'taken', problems: await world.problems(4), search: SEARCH };
  const first = await world.solve(input);
  const { requests } = await world.stub.stats();
  expect(await world.solve({ ...input, concurrency: 8 })).toEqual(first);
  expect((await world.stub.stats()).requests).toBe(requests);
  expect(await children('taken')).toEqual([0, 4]);
});

test('under a cap there is the best so far of each; under a greater one the search goes on where it was', async () => {
  const problems = await world.problems(4);
  const whole = await world.solve({ name: 'whole', problems, search: SEARCH });
  const before = await world.stub.stats();
  const capped = { name: 'capped', problems, search: SEARCH };
  const first = await world.solve({ ...capped, caps: { calls: 30 } });
  expect((await world.stub.stats()).requests - before.requests).toBeLessThanOrEqual(30);
  expect(first.done.capped).toBeGreaterThan(0);
  expect(first.spent.calls).toBeLessThanOrEqual(30);
  expect(first.problems.map(({ best }) => best?.proof !== undefined)).toContain(true);
  const told = first.problems.flatMap(({ end, reason }) => (end === 'capped' ? [reason] : []));
  expect(told[0]).toContain('30 calls');
  expect(told.at(-1)).toBe('The caps were reached before it was begun');

  const second = await world.solve({ ...capped, caps: { calls: 60 } });
  expect(second.done.capped).toBeGreaterThan(0);
  const last = await world.solve(capped);
  expect(bare(last.problems, 'capped')).toEqual(bare(whole.problems, 'whole'));
  expect((await world.stub.stats()).requests - before.requests).toBe(whole.spent.calls);
});

test('a cancelled one keeps its ledgers, and the same input goes on without a call that was made before', async () => {
  const problems = await world.problems(4);
  const calm = await world.solve({ name: 'calm', problems, search: SEARCH });
  await world.stub.change({ medianMs: 60 });
  const before = await world.stub.stats();
  const input = { name: 'ended', problems, search: SEARCH };
  const handle = await world.start(input);
  await untilRound('ended', 'p0', 0);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow('Workflow execution cancelled');
  for (const id of ['ended', 'ended/p0', 'ended/p1'])
    expect((await world.env.client.workflow.getHandle(`solve/${id}`).describe()).status.name).not.toBe('RUNNING');
  await world.stub.change({ medianMs: 2 });
  const { requests } = await world.stub.stats();
  await sleep(500);
  expect((await world.stub.stats()).requests).toBe(requests);

  const again = await world.solve(input);
  expect(bare(again.problems, 'ended')).toEqual(bare(calm.problems, 'calm'));
  const made = (await world.stub.stats()).requests - before.requests;
  expect(made - calm.spent.calls).toBeLessThanOrEqual(64);
});

test('a server that nobody knows of fails the whole, which goes on once there is one', async () => {
  const verifier = { endpoint: 'http://127.0.0.1:1/v1', model: 'nobody-serves-it' };
  const input = { name: 'no-server', problems: await world.problems(3), verifier, search: SEARCH };
  isServed = false;
  const handle = await world.start(input);
  const error: unknown = await handle.result().catch((failed: unknown) => failed);
  expect(rootCause((error as Error).cause)).toMatch('nobody has said where it is served');
  isServed = true;
  await sleep(4_000); // so long nobody is asked again where it is served
  expect((await world.solve(input)).done).toMatchObject({ failed: 0, capped: 0 });
});

test('progress tells of rounds under way, and no text passes through a history', async () => {
  await world.stub.change({ medianMs: 40, issues: 1, differ: 0 });
  const statement = 'A statement that should stay in the store.';
  const problems = await world.problems([problem(0), { ...problem(1), statement }]);
  const handle = await world.start({ name: 'told', problems, search: { ...SEARCH, proofs: 8 } });
  await untilRound('told', 'p0', 1);
  const progress = await handle.query<SolveProgress>('progress');
  expect(progress).toMatchObject({ name: 'told', problems: 2 });
  expect(progress.underWay.find(({ problem: id }) => id === 'p0')).toMatchObject({
    round: 1,
    last: { round: 0, means: expect.arrayContaining([expect.any(Number)]) },
  });
  await world.stub.change({ medianMs: 2 });
  await handle.result();
  for await (const { workflowId, runId } of world.env.client.workflow.list()) {
    if (!workflowId.startsWith('solve/told')) continue;
    const { events } = await world.env.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const text = JSON.stringify(events, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    );
    expect(text).not.toContain(statement);
    expect(text).not.toMatch(/This sentence was made up/);
  }
});
