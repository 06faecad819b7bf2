import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../shared/seeds.ts';
import { startSolveWorld, type SolveWorld } from '../workflows/products/solveWorld.ts';

/** Ours: any would do; a kill falls wherever the search is by then. */
const KILLS = 5;
/** As much as two cores do in some minutes: a search of 16 × 16 that goes on for all its rounds. */
const SEARCH = { proofs: 16, analyses: 16, refined: 16, shown: 4, rounds: 4 };
const FAULTS = { refused: 0.01, empty: 0.01, unparseable: 0.05, stragglers: 0.01 };

let world: SolveWorld;

beforeAll(async () => {
  world = await startSolveWorld(
    { medianMs: 100, sigma: 0.8, issues: 0.8, differ: 0.6, refines: 0.1, ...FAULTS },
    { workers: false },
  );
}, 60_000);
afterAll(() => world.stop(), 60_000);

test('a search whose worker is killed again and again comes to the result of an undisturbed one', async () => {
  const problems = await world.problems(3);
  let worker = await world.startWorker();
  const calm = await world.solve({ name: 'calm', problems, search: SEARCH, concurrency: 64 });
  const before = await world.stub.stats();

  const killed = { name: 'dead', problems, search: SEARCH, concurrency: 64 };
  const handle = await world.start(killed);
  const random = randomFrom(Date.now());
  const moments: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const { requests } = await world.stub.stats();
    const wait = Math.round((calm.spent.calls / KILLS) * random());
    while ((await world.stub.stats()).requests < requests + wait && (await isRunning())) await sleep(20);
    moments.push((await world.stub.stats()).requests - before.requests);
    const ended = once(worker, 'exit');
    worker.kill('SIGKILL');
    await ended;
    worker = await world.startWorker();
  }
  async function isRunning(): Promise<boolean> {
    return (await handle.describe()).status.name === 'RUNNING';
  }
  const result = await world.solvedIn(await handle.result());
  const bare = (solved: unknown, name: string): unknown => JSON.parse(JSON.stringify(solved).replaceAll(name, 'it'));
  const paid = (await world.stub.stats()).requests - before.requests;
  process.stderr.write(`Killed after ${moments.join(', ')} of ${before.requests} requests; ${paid} in all\n`);
  expect(bare(result.problems, 'dead')).toEqual(bare(calm.problems, 'calm'));
  // Those in flight at a kill, and the 400s of sets that are not finished, which nobody was paid for.
  expect(paid - before.requests).toBeLessThanOrEqual(KILLS * (64 + 64));
}, 900_000);
