import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { variables } from '../../../../activities/clusters/shell.ts';
import { scriptOf, type ScriptInput } from '../../../../activities/clusters/slurm/script.ts';

const run = promisify(execFile);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel script '));
  await writeFile(path.join(folder, 'secrets'), variables({ TOKEN: "it's secret", NONE: undefined }).join('\n'));
});

async function script(more: Partial<ScriptInput> = {}): Promise<{ file: string; text: string }> {
  const text = scriptOf({
    jobKey: 'main/lap-0001/sft',
    attempt: 1,
    command: ['/bin/sh', '-c', 'echo "$TOKEN in $PWD, $WORD"'],
    launch: 'one',
    nodes: 1,
    folder,
    begun: path.join(folder, 'begun'),
    secrets: path.join(folder, 'secrets'),
    env: { WORD: 'a "word"' },
    setup: [],
    ...more,
  });
  const file = path.join(folder, 'job.sh');
  await writeFile(file, text);
  return { file, text };
}
const started = (file: string) => run('bash', [file], { env: { PATH: process.env['PATH'], SLURM_JOB_ID: '7' } });

test('it is the command, in its folder, with its variables; what is secret is not in it, and gone once it was read', async () => {
  const { file, text } = await script();
  expect(await started(file)).toEqual({ stdout: `it's secret in ${folder}, a "word"\n`, stderr: '' });
  expect(text).not.toContain('secret in');
  expect(text).not.toContain("it's");
  expect(existsSync(path.join(folder, 'secrets'))).toBe(false);
  expect(await readFile(path.join(folder, 'begun'), 'utf8')).toBe('7\n');
});

test('it runs once: a second copy ends at once and says which was first', async () => {
  const { file } = await script();
  await started(file);
  expect(await started(file)).toEqual({
    stdout: '',
    stderr: 'job 7 ends at once: this attempt has begun before, as job 7\n',
  });
});

test('where the store cannot be written it does not begin, and says so', async () => {
  const { file } = await script({ begun: path.join(folder, 'not-there', 'begun') });
  await expect(started(file)).rejects.toMatchObject({ code: 74, stderr: expect.stringContaining('needs the store') });
});

test('without its variables it does not begin the trainer', async () => {
  const { file } = await script({ secrets: path.join(folder, 'not-there') });
  await expect(started(file)).rejects.toMatchObject({ code: 73, stdout: '' });
});

test('what a site needs is done before, and can change variables', async () => {
  const { file } = await script({ setup: ['WORD="$WORD of the site"'] });
  expect((await started(file)).stdout).toContain('a "word" of the site');
});

test('a signal to its shell is one to the trainer', async () => {
  const { file } = await script({
    command: [process.execPath, '-e', 'console.log("here"); setInterval(() => {}, 1000)'],
  });
  const child = spawn('bash', [file], { env: { PATH: process.env['PATH'], SLURM_JOB_ID: '7' } });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});

test('on several nodes a command that is started on each is started by srun', async () => {
  const each = await script({ launch: 'perNode', nodes: 2 });
  expect(each.text).toContain('\nexec srun --export=ALL --kill-on-bad-exit=1 --ntasks=2 --ntasks-per-node=1 /bin/sh ');
  const once = await script({ launch: 'one', nodes: 2 });
  expect(once.text).toContain('\nexec /bin/sh ');
});

test('what is no name of a variable is refused', () => {
  expect(() => variables({ 'A B': 'x' })).toThrow('Expected the name of a variable, got "A B"');
});
