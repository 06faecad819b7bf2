import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { projectEngines } from '../../../activities/training/engines.ts';
import { openLap, type Installation } from '../../../activities/laps/open.ts';
import { readLap } from '../../../activities/laps/read.ts';
import { domains } from '../../../domains/index.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { uri } from '../../../shared/ids.ts';
import type { LapInput } from '../../../shared/lap/lapInput.ts';
import { config } from '../../../temporal.config.ts';
import { localCluster } from '../clusters/fixture.ts';

let store: FileStore;
let underWay: string[];
let here: Installation;
beforeEach(() => {
  store = new FileStore(mkdtempSync(path.join(os.tmpdir(), 'flywheel-store-')));
  underWay = [];
  here = {
    root: config.root,
    domains,
    clusters: [localCluster('/nowhere')],
    servingEngines: ['batcher'],
    trainingEngines: projectEngines('python3'),
    bases: { fetch: () => Promise.reject(new Error('no hub is asked here')), inspect: () => Promise.resolve([]) },
    isUnderWay: (lap) => Promise.resolve(underWay.includes(lap)),
  };
});
afterEach(() => rmSync(store.root, { recursive: true }));

let owners = 0;
const open = (input: LapInput) => openLap(store, here, input, `owner ${(owners += 1)}`);

test('a mended lap has its run’s next name, and the failed one’s problems and recipe but for changes', async () => {
  const failed = await open({ preset: 'smoke', run: 'team', seed: 7 });
  const mended = await open({ preset: 'smoke', mend: 'team/lap-0001', coldStart: { expertProofs: 3 } });
  expect([failed.lap, mended.lap, mended.turn]).toEqual(['team/lap-0001', 'team/lap-0002', 1]);
  expect(mended.recipe).toEqual({ ...failed.recipe, coldStart: { ...failed.recipe.coldStart, expertProofs: 3 } });
  expect([mended.seed, mended.base]).toEqual([failed.seed, failed.base]);
  expect(mended.problems.train.sha256).toBe(failed.problems.train.sha256);
  expect(mended.donors).toEqual(['team/lap-0001']);
  expect(mended.mending?.slice(0, 2)).toEqual([
    'Mends team/lap-0001, and takes over what is equal:',
    'open takes: the same problems',
  ]);
  expect(failed).not.toHaveProperty('donors');
});

test('a lap can be mended twice: what the first had is taken, too', async () => {
  await open({ preset: 'smoke' });
  await open({ mend: 'lap-0001' });
  const again = await open({ mend: 'lap-0002' });
  expect(again.donors).toEqual(['main/lap-0002', 'main/lap-0001']);
});

test.each<[string, LapInput, RegExp]>([
  [
    'that is not there',
    { mend: 'lap-0009' },
    /mend: expected a lap that has not finished, got "main\/lap-0009"; there are main\/lap-0001$/,
  ],
  ['that is no lap', { mend: 'three' }, /mend: expected the name of a lap .* such as main\/lap-0001, got "three"/],
  ['beside a parent', { mend: 'lap-0001', from: 'lap-0001' }, /mend: expected it without from \(its parent/],
  [
    'beside another preset',
    { mend: 'lap-0001', preset: 'rehearsal' },
    /preset: expected none beside mend, or smoke as it was .*, got "rehearsal"/,
  ],
])('a lap %s is refused by name', async (_, input, message) => {
  await open({ preset: 'smoke' });
  await expect(open(input)).rejects.toThrow(message);
  await expect(readLap(store, here, input)).rejects.toThrow(message);
  expect(await store.exists(uri.recipe('main/lap-0002'))).toBe(false);
});

test('a lap that finished is gone on from, and one that is under way is left alone', async () => {
  const { recipe } = await open({ preset: 'smoke' });
  underWay = ['main/lap-0001'];
  await expect(open({ mend: 'lap-0001' })).rejects.toThrow(
    /expected a lap that has ended, got "main\/lap-0001", whose workflow/,
  );
  underWay = [];
  await store.writeJson(uri.manifest('main/lap-0001'), { lap: 'main/lap-0001', recipe });
  expect((await open({ mend: 'lap-0001' })).lap).toBe('main/lap-0002'); // its report is missing: it failed at the last
  await store.writeJson(uri.report('main/lap-0001'), {});
  await expect(open({ mend: 'lap-0001' })).rejects.toThrow(/got "main\/lap-0001", which has: go on from it with from/);
});

test('what the failed lap still asks people is ended: they are asked anew, with what they have said', async () => {
  const ended: string[] = [];
  here = { ...here, endQuestions: (lap) => Promise.resolve(void ended.push(lap)) };
  await open({ preset: 'smoke' });
  expect(ended).toEqual([]);
  await open({ mend: 'lap-0001' });
  expect(ended).toEqual(['main/lap-0001']);
});

test('one who can see no workflows refuses nothing: it is asked again', async () => {
  await open({ preset: 'smoke' });
  here = { ...here, isUnderWay: () => Promise.reject(new Error('the server is away')) };
  await expect(open({ mend: 'lap-0001' })).rejects.toMatchObject({
    message: 'the server is away',
    nonRetryable: false,
  });
});
