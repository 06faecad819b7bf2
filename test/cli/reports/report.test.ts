import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeReport } from '../../../reports/activities.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { domains } from '../../../domains/index.ts';
import { newFolder, writeLap } from '../../reports/figures/lapFixture.ts';

jest.setTimeout(240_000);

const ROOT = path.resolve(__dirname, '../../..');
const PROGRAM = `
import { Command } from 'commander';
import { registerCompare } from './cli/reports/compare.ts';
import { registerLaps } from './cli/reports/laps.ts';
import { registerLineage } from './cli/reports/lineage.ts';
import { registerReport } from './cli/reports/report.ts';
const program = new Command('flywheel').exitOverride();
for (const register of [registerReport, registerLaps, registerCompare, registerLineage]) register(program);
await program.parseAsync(process.argv.slice(1), { from: 'user' }).catch((error) => {
  process.stderr.write(error.message);
  process.exitCode = error.name === 'UsageError' ? 2 : 1;
});
`;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const report = (state: string, ...args: string[]): Promise<Ended> => flywheel(state, 'report', ...args);

function flywheel(state: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', PROGRAM, '--', ...args],
      { cwd: ROOT, env: { ...process.env, FLYWHEEL_STATE: state } },
      (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      },
    );
  });
}

async function newState(): Promise<{ state: string; store: FileStore }> {
  const state = await newFolder();
  return { state, store: new FileStore(path.join(state, 'store')) };
}

test(
  'the figures of a finished lap are one JSON object, measured anew; lap-0001 is short for ' + 'main/lap-0001',
  async () => {
    const { state, store } = await newState();
    const { lap } = await writeLap(store, { rewards: { verifierV1: [0.2, 0.8] } });
    await writeReport(store, domains.checkerOf, { lap });
    const { code, out, err } = await report(state, 'lap-0001', '--json');
    expect([code, err]).toEqual([0, '']);
    const figures = JSON.parse(out) as Record<string, unknown>;
    expect(figures).toMatchObject({ lap: 'main/lap-0001', wallSeconds: 500, labels: { total: 0 } });
    for (const key of [
      'verifier',
      'metaVerifier',
      'generator',
      'selfVerification',
      'labels',
      'stages',
      'wallSeconds',
      'greedy',
    ])
      expect(figures).toHaveProperty(key);

    await store.write('jobs/main/lap-0001/verifierV1/metrics.jsonl', '');
    const changed = await report(state, 'main/lap-0001');
    expect(changed.code).toBe(0);
    expect(changed.err).toContain('The figures differ from');
    expect(changed.out).toContain('verifier v1');
  },
);

test('an unknown lap is refused with those there are; an unfinished one says how far it is', async () => {
  const { state, store } = await newState();
  expect(await report(state, 'lap-0001')).toMatchObject({
    code: 2,
    err: expect.stringContaining('there are none yet') as string,
  });
  await writeLap(store);
  await store.write('laps/main/lap-0002/owner', 'me');
  await store.write('jobs/main/lap-0002/verifier-v1/result.json', '{}');
  expect(await report(state, 'lap-0007')).toMatchObject({
    code: 2,
    err: 'Expected a lap of this store, got "lap-0007"; there are main/lap-0001, main/lap-0002 (not finished)',
  });
  const unfinished = await report(state, 'lap-0002', '--json');
  expect(unfinished.code).toBe(1);
  expect(JSON.parse(unfinished.out)).toEqual({
    lap: 'main/lap-0002',
    state: 'unfinished',
    trained: ['verifier-v1'],
    evaluating: [],
  });
  const page = await report(state, '--open-path');
  expect(page.out.trim()).toBe(store.path('laps/main/lap-0001/report.html'));
  expect(await store.exists('laps/main/lap-0001/report.html')).toBe(true);
});

test('laps are an array, oldest first, each as its report has it; several laps have curves', async () => {
  const { state, store } = await newState();
  await writeLap(store, { lap: 'main/lap-0001', rewards: { verifierV1: [0.2, 0.8] } });
  await writeLap(store, { lap: 'main/lap-0002' });
  await store.write('laps/main/lap-0003/owner', 'me');
  const { code, out, err } = await flywheel(state, 'laps', '--json');
  expect([code, err]).toEqual([0, '']);
  const laps = JSON.parse(out) as unknown[];
  expect(laps).toMatchObject([{ lap: 'main/lap-0001' }, { lap: 'main/lap-0002' }]);
  expect(laps[0]).toEqual(JSON.parse((await report(state, 'lap-0001', '--json')).out));
  expect((await flywheel(state, 'laps')).out).toContain('main/lap-0003  not finished');
  expect((await flywheel(state, 'laps', '--run', 'other')).out).toBe('No lap has finished yet.\n');

  await store.writeJson('laps/old/lap-0001/manifest.json', { lap: 'old/lap-0001', recipe: {} });
  const some = await flywheel(state, 'laps');
  expect(some).toMatchObject({ code: 1, err: expect.stringContaining('old/lap-0001 cannot be measured: ') as string });
  expect(some.out).toContain('main/lap-0002');

  const page = path.join(state, 'curves.html');
  const curves = await report(state, 'lap-0001', 'lap-0002', '--output', page);
  expect(curves).toMatchObject({ code: 0, out: expect.stringContaining(`Plots: ${page}`) as string });
  expect(await readFile(page, 'utf8')).toContain('Lap by lap');
  expect(await report(state, 'lap-0001', 'lap-0003')).toMatchObject({
    code: 2,
    err: expect.stringContaining('got main/lap-0003, which has no manifest yet') as string,
  });
});

test('what cannot be compared or traced is bad usage', async () => {
  const { state, store } = await newState();
  await writeLap(store);
  expect(await flywheel(state, 'compare', 'lap-0001')).toMatchObject({
    code: 2,
    err: expect.stringContaining('Expected a lap for side b, got none') as string,
  });
  expect(await flywheel(state, 'compare', 'lap-0001', 'lap-0009')).toMatchObject({
    code: 2,
    err: expect.stringContaining('got "lap-0009"; there are main/lap-0001') as string,
  });
  expect(await flywheel(state, 'lineage', 'p1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('got "p1", which is in nothing') as string,
  });
  expect(await flywheel(state, 'lineage', 'lap-0001', '--json')).toMatchObject({
    code: 1,
    out: expect.stringContaining('"broken":"Broken link: expected') as string,
  });
});
