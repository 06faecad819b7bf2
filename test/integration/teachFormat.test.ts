import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Taught } from '../../activities/teaching/teach.ts';
import { TASKS } from '../../shared/records.ts';
import { config } from '../../temporal.config.ts';

/** The whole command on a base of a layer that has learned nothing, with the trainer's own processes. */
const folder = mkdtempSync(path.join(tmpdir(), 'teach-format-'));
const [base, state] = [path.join(folder, 'base'), path.join(folder, 'state')];
const env = { ...process.env, FLYWHEEL_STATE: state, OMP_NUM_THREADS: '1' };

const started = (...args: readonly string[]) =>
  spawn(process.execPath, [path.join(config.root, 'cli/flywheel.mjs'), 'base', 'teach-format', ...args], { env });

async function ended(...args: readonly string[]) {
  const child = started(...args);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

beforeAll(() => {
  const made = ['test/integration/byteBase.py', 'prompts/paper', base];
  execFileSync(config.python, made, { cwd: config.root, env: { ...env, PYTHONPATH: config.root } });
});

test('a killed teaching goes on; its base is known by digest, by what it is made of, by how it answers', async () => {
  const asked = [base, '--rows', '12', '--steps', '3', '--questions', '1', '--answer-tokens', '64', '--as', 'byte'];
  const killed = started(...asked, '--json');
  for await (const line of createInterface({ input: killed.stderr })) if (line.startsWith('training')) break;
  killed.kill('SIGKILL');
  await once(killed, 'close');

  const { code, out, err } = await ended(...asked, '--json');
  expect([code, err]).toEqual([0, expect.stringContaining('12 rows')]);
  const { checkpoint, before, after, rows, outcome } = JSON.parse(out) as Taught;
  expect({ rows, steps: outcome.steps, attempts: outcome.attempts }).toEqual({ rows: 12, steps: 3, attempts: 1 });
  expect(readdirSync(path.join(state, 'store', checkpoint.uri))).toContain('config.json');
  for (const obedience of [before, after])
    expect(obedience.map(({ task, asked: questions }) => [task, questions])).toEqual(TASKS.map((task) => [task, 1]));
  const made = path.join(state, 'store', `${checkpoint.uri}.made.json`);
  expect(JSON.parse(readFileSync(made, 'utf8'))).toMatchObject({
    by: 'bases/byte',
    from: expect.arrayContaining([
      {
        as: 'started from',
        uri: expect.stringContaining('checkpoints/') as string,
        sha256: expect.any(String) as string,
      },
    ]) as unknown,
  });

  const again = await ended(...asked);
  expect([again.code, again.out]).toEqual([0, expect.stringContaining(`  "base": "${checkpoint.uri}"`)]);
  const other = await ended(...asked.map((word) => (word === '3' ? '4' : word)));
  expect([other.code, other.err]).toEqual([2, expect.stringMatching(/another steps: .*--as/)]);
});

test.each([
  ['a base that is not there', ['/nowhere/base'], 'Expected a folder with a model'],
  ['a folder that is no base', ['prompts/paper'], 'to be a checkpoint in Hugging Face format with a config.json'],
  ['prompts that do not show the formats', [base, '--prompts', 'rehearsal'], 'to show what answers are read by, got '],
  ['prompts that nobody knows', [base, '--prompts', 'none'], 'Expected domain.prompts to name a prompt set'],
  ['problems that are not there', [base, '--problems', '/nowhere.jsonl'], '/nowhere.jsonl'],
  ['too many rows', [base, '--rows', '5000'], 'Expected --rows to be at most 1000, got 5000'],
  ['rows for half of the tasks', [base, '--rows', '6'], 'Expected --rows to be a whole number of at least 12, got "6"'],
  ['answers that do not fit', [base, '--answer-tokens', '9000'], 'to fit into the 8192 tokens that the base reads'],
  ['a name that is a path', [base, '--as', '../x'], 'Expected --as to be a name of small letters'],
])('%s is refused before anything is spent', async (_, args, message) => {
  const { code, out, err } = await ended(...args);
  expect(err).toContain(message);
  expect(err).not.toMatch(/^\s+at /m);
  expect([code, out]).toEqual([2, '']);
});
