import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uri } from '../../../shared/ids.ts';
import { pool } from '../../../activities/serving/pool/pool.ts';
import { poolStatuses } from '../../../activities/serving/pool/status.ts';
import { Serving } from '../../../activities/serving/serving.ts';
import { checkpointDigest } from '../../../activities/store/checkpoints.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { ArtifactStore } from '../../../activities/store/types.ts';
import { folderOf } from '../../../domains/rehearsal/base/describeBase.ts';
import { localCluster } from '../../activities/clusters/fixture.ts';
import { openWorld } from '../../activities/inference/world.ts';
import { checkpointModel } from '../../activities/serving/fixture.ts';

interface RealEngine {
  /** Words of the engine, as a pool's. */
  readonly command: readonly string[];
  readonly digest: string;
  /** Files of the checkpoint's folder, by name: where each is. */
  readonly files: Readonly<Record<string, string>>;
  /** Tokens of an answer. */
  readonly maxTokens: number;
  /** Where the pool keeps what it knows, and finds the checkpoint. @default a folder */
  readonly store?: ArtifactStore;
  /** What happens beside the kill. @default nothing */
  readonly meanwhile?: () => Promise<void>;
}

const [ROWS, N, CONCURRENCY] = [6, 4, 4];
const PYTHON = process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3';

/** The project's own model server, with the rehearsal's base. */
export async function bundledServer(): Promise<RealEngine> {
  const folder = path.resolve(folderOf('rehearsal'));
  const words = '-m trainer.serve --checkpoints {checkpoint}/.. --max-context 1024 --host {host} --port {port}';
  return {
    command: ['env', 'MODEL={model}', PYTHON, ...words.split(' ')],
    digest: await checkpointDigest(folder),
    files: Object.fromEntries(readdirSync(folder).map((name) => [name, path.join(folder, name)])),
    maxTokens: 64,
  };
}

/**
 * Two replicas of a real engine on this machine answer a set; one is killed with -9, with its launcher, while they do.
 * @returns how many calls were answered, why others failed, and the names under which a replica lists its model afterwards.
 */
export async function answersThroughAKill({ command, digest, files, maxTokens, store: given, meanwhile }: RealEngine) {
  const root = await mkdtemp(path.join(tmpdir(), 'flywheel-pools-'));
  const store = given ?? new FileStore(root);
  await mkdir(path.join(root, uri.checkpoint(digest)), { recursive: true });
  for (const [name, file] of Object.entries(files)) {
    const place = uri.checkpoint(digest, name);
    await (given?.write(place, await readFile(file)) ?? symlink(file, path.join(root, place)));
  }
  const cache = { FLYWHEEL_CACHE: path.join(root, 'cache') };
  const cluster = localCluster(root, {
    env: { ...process.env, ...cache, PYTHONPATH: process.cwd(), OMP_NUM_THREADS: '1' },
  });
  const model = checkpointModel(digest);
  const engine = pool({
    store,
    pools: JSON.stringify({ judges: { cluster: 'local', command, replicas: { min: 2 }, concurrency: CONCURRENCY } }),
    clusters: () => [cluster],
    python: PYTHON,
    env: {},
    lookEveryMs: 500,
  });
  const serving = new Serving({ engines: [engine], folder: path.join(root, 'holds'), shared: store });
  const world = await openWorld({ root, verify: true, resolve: (asked, options) => serving.endpoints(asked, options) });
  const ready = async () => {
    for (let endpoints = await engine.ensure(model); ; endpoints = (await engine.look?.(model)) ?? []) {
      if (endpoints.length === 2) return endpoints.map(({ baseUrl }) => baseUrl);
      await sleep(200);
    }
  };
  try {
    await ready();
    const sampling = { temperature: 1, topP: 1, maxTokens };
    const sampled = world.sample({ model, rows: await world.rows(ROWS), samplesPerRow: N, sampling });
    const [job] = await cluster.running();
    process.kill(-Number(job?.id), 'SIGKILL');
    await Promise.all([sampled, meanwhile?.()]);
    const [url] = await ready();
    const listed = (await (await fetch(`${url}/models`)).json()) as {
      readonly data: readonly { readonly id: string }[];
    };
    const outcomes = await world.outcomes();
    const [status] = await poolStatuses(store);
    await engine.release?.(model);
    return {
      calls: ROWS * N,
      outcomes: outcomes.length,
      failed: outcomes.flatMap((one) => (one.kind === 'failed' ? one.reason : [])),
      names: listed.data.map(({ id }) => id),
      ready: status?.ready,
      attempts: status?.replicas.map(({ attempt }) => attempt).sort(),
      left: (await cluster.running()).length,
      probed: await store.exists(uri.probe(digest)),
    };
  } finally {
    await world.close();
    await Promise.all((await cluster.running()).map((one) => cluster.stop(one, 1_000)));
    await rm(root, { recursive: true, force: true });
  }
}
