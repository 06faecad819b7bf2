import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uri } from '../../../../shared/ids.ts';
import { modelKey } from '../../../../shared/records.ts';
import { pool } from '../../../../activities/serving/pool/pool.ts';
import { poolStatuses } from '../../../../activities/serving/pool/status.ts';
import { Serving } from '../../../../activities/serving/serving.ts';
import { FileStore } from '../../../../activities/store/files.ts';
import type { StubStats } from '../../../stub-server/start.ts';
import { localCluster } from '../../clusters/fixture.ts';
import { MODEL, openWorld } from '../../inference/world.ts';

jest.setTimeout(120_000); // machines under load start processes slowly

const DIGEST = modelKey(MODEL);
const [ROWS, N, CONCURRENCY] = [100, 4, 8];
/** What a stub counts beside calls: the questions by which replicas are known for what they are. */
const QUESTIONS = 4;
const STUB = ['--import', 'tsx', 'test/stub-server/main.ts', '--stays', '1', '--checkpoint', '7', '--medianMs', '150'];

test('a replica that is killed with -9 costs its calls in flight and no others, and another one takes its place', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'flywheel-pool-'));
  const store = new FileStore(root);
  await store.writeJson(uri.checkpoint(DIGEST, 'config.json'), {});
  const cluster = localCluster(root, { env: { PYTHONPATH: process.cwd() } });
  const command = ['env', 'MODEL={model}', 'FROM={checkpoint}', process.execPath, ...STUB, '--port', '{port}'];
  const engine = pool({
    store,
    pools: JSON.stringify({ judges: { cluster: 'local', command, replicas: { min: 3 }, concurrency: CONCURRENCY } }),
    clusters: () => [cluster],
    python: process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3',
    env: {},
    lookEveryMs: 200,
  });
  const serving = new Serving({ engines: [engine], folder: path.join(root, 'holds'), shared: store });
  const world = await openWorld({ root, verify: true, resolve: (model, asked) => serving.endpoints(model, asked) });
  const ready = async () => {
    for (;;) {
      const urls = ((await engine.look?.(MODEL)) ?? []).map(({ baseUrl }) => baseUrl);
      if (urls.length === 3) return urls as [string, string, string];
      await sleep(100);
    }
  };
  try {
    await engine.ensure(MODEL);
    const [killed, ...others] = await ready();
    const sampled = world.sample({ rows: await world.rows(ROWS), samplesPerRow: N });
    while ((await statsOf(killed)).answered < 20) await sleep(50);
    const before = await statsOf(killed);
    process.kill(await pidOf(store, killed), 'SIGKILL');
    await sampled;
    const outcomes = await world.outcomes();
    expect(outcomes).toHaveLength(ROWS * N);
    expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([]);
    const urls = await ready();
    expect(urls).toEqual(expect.arrayContaining(others));
    const after = await Promise.all(urls.map(statsOf));
    const sent = [before, ...after].reduce((sum, { distinct }) => sum + distinct, 0);
    expect(sent).toBeLessThanOrEqual(ROWS * N + CONCURRENCY + 4 * QUESTIONS);
    const [status] = await poolStatuses(store);
    expect(status).toMatchObject({ pool: 'judges', digest: DIGEST, held: true, wanted: 3, ready: 3 });
  } finally {
    await world.close();
    await Promise.all((await cluster.running()).map((job) => cluster.stop(job, 1_000)));
  }
});

async function statsOf(baseUrl: string): Promise<StubStats> {
  return (await (await fetch(new URL('/stats', baseUrl))).json()) as StubStats;
}

/** Of the server that listens there, as its launcher wrote it. */
async function pidOf(store: FileStore, baseUrl: string): Promise<number> {
  for await (const file of store.list('serving/')) {
    if (!file.endsWith('/address.json')) continue;
    const { port, pid } = await store.readJson<{ readonly port: number; readonly pid: number }>(file);
    if (String(port) === new URL(baseUrl).port) return pid;
  }
  throw new Error(`Expected a record of the replica at ${baseUrl}`);
}
