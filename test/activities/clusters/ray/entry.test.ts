import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { variables } from '../../../../activities/clusters/shell.ts';
import { entryFiles, entryScript, type EntryFiles } from '../../../../activities/clusters/ray/entry.ts';

let folder: string;
let files: EntryFiles;
const log = (): string => path.join(folder, 'a log.txt');
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "flywheel's entry-"));
  files = entryFiles(log(), 'flywheel-1');
});

async function run(script: string, env: Record<string, string | undefined> = {}): Promise<number | null> {
  const attempt = {
    jobKey: 'main/lap-0001/sft',
    attempt: 1,
    command: ['/bin/sh', '-c', script],
    env,
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log: log(),
  };
  const options = { folder, env: {}, setup: ['export BEFORE=set'], graceSeconds: 2 };
  await writeFile(files.script, entryScript(attempt, files, options));
  await writeFile(files.secrets, variables(env).join('\n'));
  const shell = spawn('/bin/sh', [files.script], { stdio: 'ignore', detached: true });
  const [code] = (await once(shell, 'exit')) as [number | null];
  return code;
}

test('the command sees its environment to the letter, and no file that says it stays', async () => {
  const env = { TOKEN: `it's "$HOME" \\ \`x\`\nand more`, NONE: undefined };
  expect(await run('printf %s "$TOKEN|${NONE-none}|$BEFORE|$PWD"; exit 3', env)).toBe(3);
  expect(await readFile(log(), 'utf8')).toBe(`${env.TOKEN}|none|set|${folder}`);
  expect(existsSync(files.secrets)).toBe(false);
  expect(await readFile(files.script, 'utf8')).not.toContain('HOME');
});

test('what was called off before it began does nothing', async () => {
  await writeFile(files.cancelled, '');
  expect(await run('echo begun')).toBe(0);
  expect(existsSync(log())).toBe(false);
});

test('it ends when all that the command began has ended', async () => {
  await run('(sleep 1; echo last) & exit 0');
  expect(await readFile(log(), 'utf8')).toBe('last\n');
});
