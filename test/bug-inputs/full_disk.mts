import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { FileStore } from '../../activities/store/files.ts';

/** Writes too much to a folder of a small file system, and tells what is left and what can be written afterwards. */
const [, , root] = process.argv;
if (root === undefined) throw new Error('Expected a folder of a small file system, got none');
const store = new FileStore(path.join(root, 'store'));
const rows = Array.from({ length: 4000 }, (_, n) => ({ n, text: 'x'.repeat(1000) }));
for (let attempt = 1; attempt <= 3; attempt += 1)
  await store.writeJsonl('datasets/big.jsonl', rows).then(
    () => console.log('attempt', attempt, 'was written: the file system is no small one'),
    (error: Error) => console.log('attempt', attempt, 'refused:', error.message),
  );
await store.writeJson('small.json', {});
console.log('a small file can be written afterwards');
for (const name of await readdir(store.path('datasets')))
  console.log('left behind:', name, (await stat(store.path(`datasets/${name}`))).size);
