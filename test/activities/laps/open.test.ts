import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openLap } from '../../../activities/laps/open.ts';
import { ArtifactStore } from '../../../activities/store/files.ts';
import type { LapPlan } from '../../../shared/cost/plan.ts';
import { config } from '../../../temporal.config.ts';

let store: ArtifactStore;
beforeEach(() => {
  store = new ArtifactStore(mkdtempSync(path.join(os.tmpdir(), 'flywheel-store-')));
});
afterEach(() => rmSync(store.root, { recursive: true }));

test('a lap over its budget does not start: it gets no name, and its failure is final', async () => {
  await expect(openLap(store, config.root, { preset: 'smoke', budget: { tokens: 1000 } }, 'me')).rejects.toMatchObject({
    type: 'OverBudget',
    nonRetryable: true,
    message: expect.stringMatching(
      /^Invalid lap input: budget\.tokens: expected a plan of at most 1,000, got [\d,]+ \(tokens\): raise the limit/,
    ) as string,
  });
  expect(existsSync(store.path('laps'))).toBe(false);
});

test('an opened lap has its plan in the store, and a few numbers of it at hand', async () => {
  const opened = await openLap(store, config.root, { preset: 'smoke', budget: { calls: 1_000_000 } }, 'me');
  const plan = await store.readJson<LapPlan>(`laps/${opened.lap}/plan.json`);
  expect(opened.plan?.ref.uri).toBe(`laps/${opened.lap}/plan.json`);
  expect(opened.plan?.phases.map(({ phase, calls }) => [phase, calls])).toEqual(
    plan.phases.map(({ phase, expected }) => [phase, expected.calls]),
  );
  expect(JSON.stringify(opened.plan).length).toBeLessThan(2_000);
});

test('what the cluster cannot hold is refused with the number of planned calls', async () => {
  await expect(openLap(store, config.root, { preset: 'paper' }, 'me')).rejects.toThrow(
    /^Preset paper needs 32 nodes of 8 GPUs for training and plans \d,\d{3},\d{3} model calls\. Expected training\.cluster/,
  );
});

test('a base is one that is shipped, by name, or a folder of the store; another is refused by the field', async () => {
  const baseOf = (base: string) =>
    openLap(store, config.root, { preset: 'smoke', domain: { base } }, base).then((opened) => opened.base.sha256);
  expect(await baseOf('weakVerifier')).not.toBe(await baseOf('rehearsal'));
  expect(existsSync(store.path('laps/main/lap-0003'))).toBe(false);
  await expect(baseOf('weakverifier')).rejects.toThrow(
    'Invalid lap input: domain.base: expected rehearsal, weakVerifier or a checkpoint folder in the store, got ' +
      '"weakverifier"',
  );
  expect(existsSync(store.path('laps/main/lap-0003'))).toBe(false);
});
