import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SolvedProblem } from '../../../shared/products/search.ts';
import { lapWorld, until, type LapWorld } from '../../lapWorld.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';

jest.setTimeout(900_000);

/** The real command, in a state folder of its own, on a machine where whoever asks for Python leaves a mark. */
let world: LapWorld;
let stub: Stub;
let folder: string;
const problems = () => path.join(folder, 'problems.jsonl');
const asksForPython = () => existsSync(path.join(folder, 'asked'));

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'flywheel-solve-'));
  writeFileSync(
    problems(),
    ['1 + 1 = 2', '2 + 2 = 4', '3 + 3 = 6'].map((claim) => `{"problem":"Show that ${claim}."}\n`).join(''),
  );
  for (const name of ['python3', 'python', 'uv', 'pip']) {
    writeFileSync(path.join(folder, name), `#!/bin/sh\ntouch ${path.join(folder, 'asked')}\nexit 1\n`);
    chmodSync(path.join(folder, name), 0o755);
  }
  stub = await startStub({ medianMs: 100 });
  world = await lapWorld({
    PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}`,
    FLYWHEEL_TRAINER_PYTHON: path.join(folder, 'python3'),
  });
});
afterAll(async () => {
  await world.dispose();
  await stub.kill();
  rmSync(folder, { recursive: true, force: true });
});

const solve = (...more: readonly string[]) =>
  world.start('solve', problems(), '--endpoint', stub.url, '--model', 'stub', ...more);
async function solved(...more: readonly string[]) {
  const command = solve('--json', ...more);
  const code = await command.exit;
  if (code !== 0) throw new Error(`It ended with ${code}:\n${command.output()}`);
  const line =
    command
      .output()
      .split('\n')
      .find((text) => text.startsWith('{"state"')) ?? '{}';
  const { results, done, spent } = JSON.parse(line) as {
    results: string;
    done: Record<string, number>;
    spent: { calls: number };
  };
  const rows = readFileSync(results, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as SolvedProblem);
  return { done, spent, rows, output: command.output() };
}
const requests = async () => (await stub.stats()).requests;

test('without Python a file of problems is solved; told again, the results are shown and nothing is started', async () => {
  const first = await solved('--name', 'plain');
  expect(first.output).toMatch(/solve\/plain would take:[\s\S]*calls +132 +540/);
  expect(first.rows).toHaveLength(3);
  expect(Object.values(first.done).reduce((sum, count) => sum + count, 0)).toBe(3);
  // Nothing was asked but what is accounted for, and each of it once.
  expect(await stub.stats()).toMatchObject({ requests: first.spent.calls, repeated: 0 });

  const again = await solved('--name', 'plain');
  expect(again.rows).toEqual(first.rows);
  expect(again.output).not.toContain('Workflow');
  expect(await requests()).toBe(first.spent.calls);

  const [best] = first.rows.flatMap((row) => row.best?.id ?? []);
  for (const args of [
    ['lineage', 'solve/plain'],
    ['lineage', best ?? ''],
    ['ledger', 'stats', `solve/plain/${first.rows[0]?.problem.id}/round-0/verdicts`],
  ]) {
    const command = world.start(...args);
    expect([await command.exit, command.output()]).toEqual([
      0,
      expect.stringMatching(/no broken link|verify +\d+ answered/),
    ]);
  }
  const other = solve('--name', 'plain', '--seed', '2');
  expect([await other.exit, other.output()]).toEqual([
    2,
    expect.stringContaining('was begun with, seed = nothing, got 2'),
  ]);

  expect(asksForPython()).toBe(false);
  expect(existsSync(world.path('run', 'reward.json'))).toBe(false);
});

test('a command that is killed, and one that is interrupted, lose nothing: the same goes on, and pays no call twice', async () => {
  const before = await requests();
  await stub.change({ medianMs: 3_000 });
  const killed = solve('--name', 'twice', '--seed', '3');
  while ((await requests()) < before + 10) await sleep(50);
  process.kill(killed.pid, 'SIGKILL');
  await killed.exit;
  const status = world.start('status');
  expect([await status.exit, status.output()]).toEqual([0, expect.stringContaining('solve/twice: running')]);

  const interrupted = solve('--name', 'twice', '--seed', '3');
  await until(() => interrupted.output().includes('Workflow solve/twice'));
  process.kill(interrupted.pid, 'SIGINT');
  expect([await interrupted.exit, interrupted.output()]).toEqual([
    130,
    expect.stringContaining('goes on where it was'),
  ]);
  expect(interrupted.output()).toContain('Stopping. What there is is kept, and the same command goes on with it.');

  await stub.change({ medianMs: 50 });
  const { spent, rows } = await solved('--name', 'twice', '--seed', '3');
  expect(rows).toHaveLength(3);
  const stats = await stub.stats();
  // What was in flight when the worker was stopped is asked again, and nothing else.
  expect(stats.distinct).toBe(before + spent.calls);
  expect(stats.repeated).toBeLessThanOrEqual(64);
});

test('two commands at once for one product share it, and the last that needs the stack takes it down', async () => {
  await stub.change({ medianMs: 300 });
  const [one, other] = await Promise.all([
    solved('--name', 'shared', '--seed', '4'),
    solved('--name', 'shared', '--seed', '4'),
  ]);
  expect(one.rows).toEqual(other.rows);
  const status = world.start('status', '--json');
  await status.exit;
  expect(JSON.parse(status.output())).toMatchObject({ stack: { supervisor: false } });
});
