import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeReport } from '../../activities/report/index.ts';
import { ArtifactStore } from '../../activities/store.ts';
import { rehearsalChecker } from '../../rehearsal/checker.ts';
import { newFolder, writeLap } from '../evaluation/lapFixture.ts';

jest.setTimeout(60_000);

const ROOT = path.resolve(__dirname, '../..');
const PROGRAM = `
import { Command } from 'commander';
import { registerReport } from './cli/report.ts';
const program = new Command('flywheel').exitOverride();
registerReport(program);
await program.parseAsync(process.argv.slice(1), { from: 'user' }).catch((error) => { process.stderr.write(error.message); process.exitCode = error.name === 'UsageError' ? 2 : 1; });
`;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function flywheel(state: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM, '--', 'report', ...args], { cwd: ROOT, env: { ...process.env, FLYWHEEL_STATE: state } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

async function newState(): Promise<{ state: string; store: ArtifactStore }> {
  const state = await newFolder();
  return { state, store: new ArtifactStore(path.join(state, 'store')) };
}

test('the figures of a finished lap are one JSON object, measured anew; lap-0001 is short for main/lap-0001', async () => {
  const { state, store } = await newState();
  const { lap } = await writeLap(store, { rewards: { verifierV1: [0.2, 0.8] } });
  await writeReport(store, rehearsalChecker, { lap });
  const { code, out, err } = await flywheel(state, 'lap-0001', '--json');
  expect([code, err]).toEqual([0, '']);
  const figures = JSON.parse(out) as Record<string, unknown>;
  expect(figures).toMatchObject({ lap: 'main/lap-0001', wallSeconds: 500, labels: { total: 0 } });
  for (const key of ['verifier', 'metaVerifier', 'generator', 'selfVerification', 'labels', 'stages', 'wallSeconds', 'greedy']) expect(figures).toHaveProperty(key);

  await store.writeText('jobs/main/lap-0001/verifierV1/metrics.jsonl', '');
  const changed = await flywheel(state, 'main/lap-0001');
  expect(changed.code).toBe(0);
  expect(changed.err).toContain('The figures differ from');
  expect(changed.out).toContain('verifier v1');
});

test('an unknown lap is refused with those there are; an unfinished one says how far it is', async () => {
  const { state, store } = await newState();
  expect(await flywheel(state, 'lap-0001')).toMatchObject({ code: 2, err: expect.stringContaining('there are none yet') as string });
  await writeLap(store);
  await mkdir(store.path('laps/main/lap-0002'), { recursive: true });
  await mkdir(store.path('jobs/main/lap-0002/verifier-v1'), { recursive: true });
  await writeFile(store.path('jobs/main/lap-0002/verifier-v1/result.json'), '{}');
  expect(await flywheel(state, 'lap-0007')).toMatchObject({ code: 2, err: 'Expected a lap of this store, got "lap-0007"; there are main/lap-0001, main/lap-0002 (not finished)' });
  const unfinished = await flywheel(state, 'lap-0002', '--json');
  expect(unfinished.code).toBe(1);
  expect(JSON.parse(unfinished.out)).toEqual({ lap: 'main/lap-0002', state: 'unfinished', trained: ['verifier-v1'], evaluating: [] });
  const page = await flywheel(state, '--open-path');
  expect(page.out.trim()).toBe(store.path('laps/main/lap-0001/report.html'));
  expect(await store.exists('laps/main/lap-0001/report.html')).toBe(true);
});
