import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launchOnce } from '../../activities/processes/records.ts';

/** A process with its record, where `ln` refuses as on a file system without hard links. */
const folder = await mkdtemp(path.join(tmpdir(), 'record-'));
const ln = path.join(folder, 'ln');
await writeFile(ln, '#!/bin/sh\necho "ln: failed to create hard link: Operation not permitted" >&2\nexit 1\n');
await chmod(ln, 0o755);
const record = await launchOnce({
  record: path.join(folder, 'x.json'),
  about: { name: 'x' },
  command: ['sleep', '1'],
  cwd: folder,
  env: { ...process.env, PATH: `${folder}:${process.env['PATH']}` },
  log: path.join(folder, 'x.log'),
});
console.log(record, 'the log says:', JSON.stringify(await readFile(path.join(folder, 'x.log'), 'utf8')));
