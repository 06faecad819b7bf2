import { cp, rm, utimes } from 'node:fs/promises';
import { FileStore } from '../../../activities/store/files.ts';
import { madeUri, type ArtifactStore } from '../../../activities/store/types.ts';
import { lineage } from '../../../reports/lineage/lineage.ts';
import { copyLap, LapTaken, type Copied } from '../../../reports/stores/copy.ts';
import { garbageIn } from '../../../reports/stores/garbage.ts';
import { reachOf, thingsNamedIn } from '../../../reports/stores/reach.ts';
import { verified } from '../../../reports/stores/verify.ts';
import { uri } from '../../../shared/ids.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';
import { newFolder } from '../figures/lapFixture.ts';
import { writeChain, type Chain } from '../lineage/chainFixture.ts';

let whole: Chain;
beforeAll(async () => {
  whole = await writeChain();
});

/** The chain's store, for a test that changes it; as old as it has to be. */
async function copied(): Promise<FileStore> {
  const root = await newFolder();
  await cp(whole.store.root, root, { recursive: true });
  return new FileStore(root);
}

async function all<T>(given: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of given) list.push(each);
  return list;
}

const faultsOf = async (store: ArtifactStore, weights = true) =>
  (await all(verified(store, weights))).flatMap(({ uri, fault }) => (fault === undefined ? [] : [{ uri, fault }]));
const OLD = -1; // all is older
const DIGEST = 'a'.repeat(64);

test('what a text names is found, bare or within an address', () => {
  const text = JSON.stringify({
    init: `s3://bucket/prefix/checkpoints/${DIGEST}`,
    set: 'run-2/lap-0003/label/verdicts',
    from: 'datasets/solve/imo-2025/round-1.jsonl',
    problems: 'imports/problems/0123456789ab.jsonl',
    short: 'a'.repeat(63),
  });
  expect([...thingsNamedIn(text)].sort()).toEqual([
    `checkpoints/${DIGEST}`,
    'imports/problems/0123456789ab.jsonl',
    `prompts/${DIGEST}`,
    'run-2/lap-0003',
    'solve/imo-2025',
  ]);
});

test('a lap reaches the laps before it and all that these were made of', async () => {
  const { uris } = await reachOf(whole.store, ['main/lap-0002']);
  const { models, prompts } = whole.first;
  for (const at of [
    uri.manifest('main/lap-0001'),
    whole.first.proofScores.grown.uri,
    madeUri(whole.first.proofScores.grown.uri),
    uri.checkpoint(whole.base.sha256, 'config.json'),
    uri.checkpoint(models.generator.sha256, 'model.safetensors'),
    madeUri(models.generator.uri),
    uri.promptSet(prompts.sha256, 'verify.md'),
  ])
    expect(uris).toContain(at);
  expect((await reachOf(whole.store, ['main/lap-0001'])).uris).not.toContain(uri.manifest('main/lap-0002'));
});

describe('verify', () => {
  test('an untouched store is what its digests say', async () => {
    expect(await faultsOf(whole.store)).toEqual([]);
    expect((await all(verified(whole.store, true))).length).toBeGreaterThan(20);
  });

  test('what was changed or is gone is named, whoever knows its digest', async () => {
    const store = await copied();
    const { generator, verifier } = whole.second.models;
    await store.write(uri.checkpoint(generator.sha256, 'model.safetensors'), 'others');
    await rm(store.path(verifier.uri), { recursive: true });
    const made = await store.readMade(whole.first.proofScores.grown.uri);
    await store.write(whole.first.proofScores.grown.uri, 'others', { by: made?.by ?? '', from: made?.from ?? [] });
    const faults = await faultsOf(store);
    expect(new Set(faults.map(({ uri }) => uri))).toEqual(
      new Set([generator.uri, verifier.uri, whole.first.proofScores.grown.uri]),
    );
    expect(faults[0]?.fault).toMatch(/^expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}$/);
    expect((await faultsOf(store, false)).map(({ uri }) => uri)).not.toContain(generator.uri);
  });
});

describe('gc', () => {
  test('of laps that are there nothing is shown', async () => {
    expect(await garbageIn(await copied(), OLD)).toEqual([]);
  });

  test('what a lap left whose folder was removed is shown, and not what other laps need of it', async () => {
    const store = await copied();
    await rm(store.path(uri.laps('main/lap-0002')), { recursive: true });
    const garbage = await garbageIn(store, OLD);
    const whats = garbage.map(({ what }) => what);
    expect(whats).toContain(whole.second.models.generator.uri);
    expect(whats).toContain('datasets/main/lap-0002/');
    expect(whats.join()).not.toContain('lap-0001');
    for (const { artifacts } of garbage) for (const at of artifacts) await store.remove(at);
    expect(await garbageIn(store, OLD)).toEqual([]);
    expect(await faultsOf(store)).toEqual([]);
    expect((await lineage(store, 'main/lap-0001', { weights: true })).nodes.length).toBeGreaterThan(10);
  });

  test('what is young, what people brought, what serves and what a lap under way may have as its base is left', async () => {
    const store = await copied();
    await store.writeJson(`${uri.holds}main%2Flap-0001%2Flabel.json`, {});
    await store.writeJson(uri.serving('judges/0123', 'replicas/0-1/job.json'), {});
    await store.writeJson('imports/problems/0123456789ab.jsonl', {});
    for (const [digest, by] of [
      ['b', 'importCheckpoint'],
      ['c', 'main/lap-0009/generator'],
    ] as const) {
      await store.write(uri.checkpoint(digest.repeat(64), 'config.json'), '{}');
      await store.writeJson(madeUri(uri.checkpoint(digest.repeat(64))), { sha256: digest.repeat(64), by, from: [] });
    }
    const shown = async (age: number) => (await garbageIn(store, age)).map(({ what }) => what);
    expect(await shown(3_600_000)).toEqual([]);
    expect(await shown(OLD)).toEqual(['b', 'c'].map((digest) => uri.checkpoint(digest.repeat(64))));
    await store.write(uri.owner('main/lap-0003'), 'a workflow');
    expect(await shown(OLD)).toEqual([uri.checkpoint('c'.repeat(64))]);
  });

  test('a sign of life of a process that is gone is shown when it is old', async () => {
    const store = await copied();
    await store.write('leases/a.json', '7\n');
    await utimes(store.path('leases/a.json'), 0, 0);
    expect(await garbageIn(store)).toEqual([{ what: 'leases/a.json', bytes: 2, artifacts: ['leases/a.json'] }]);
  });
});

describe('copy', () => {
  const copy = (store: ArtifactStore, to: ArtifactStore, lap = 'main/lap-0002'): Promise<Copied[]> =>
    all(copyLap(store, lap, to));

  test('a lap is there with all that it was made of, and its lineage holds', async () => {
    const to = new MemoryStore();
    const done = await copy(whole.store, to);
    expect(done.filter(({ uri, wasThere }) => wasThere && !uri.endsWith(madeUri('')))).toEqual([]);
    expect(done.at(-1)?.uri).toBe(uri.manifest('main/lap-0002'));
    expect(await faultsOf(to)).toEqual([]);
    const found = await lineage(to, 'main/lap-0002', { weights: true });
    expect(found.nodes).toEqual((await lineage(whole.store, 'main/lap-0002', { weights: true })).nodes);
  });

  test('a copy that broke off goes on, and what was changed there is written again', async () => {
    const to = new MemoryStore();
    let count = 0;
    for await (const _ of copyLap(whole.store, 'main/lap-0002', to)) if ((count += 1) === 20) break;
    expect(await to.stat(uri.manifest('main/lap-0001'))).toBeUndefined();
    const rest = await copy(whole.store, to);
    expect(rest.filter(({ wasThere }) => wasThere).length).toBeGreaterThanOrEqual(20);
    const { verifier } = whole.second.models;
    await to.write(uri.checkpoint(verifier.sha256, 'config.json'), '{"changed":true}');
    const mended = (await copy(whole.store, to)).filter(({ wasThere }) => !wasThere);
    expect(mended.map(({ uri }) => uri)).toEqual([uri.checkpoint(verifier.sha256, 'config.json')]);
  });

  test('another lap of the same name is left alone', async () => {
    const to = new MemoryStore();
    const from = await copied();
    await from.write(uri.owner('main/lap-0002'), 'a workflow');
    await to.write(uri.owner('main/lap-0002'), 'another workflow');
    await expect(copy(from, to)).rejects.toThrow(LapTaken);
    expect(await to.exists('checkpoints')).toBe(false);
  });
});
