import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { linesOf } from '../../activities/store/lines.ts';
import { FileStore } from '../../activities/store/files.ts';
import { readProblems } from '../../domains/proofs/problems.ts';

/** A team's problems: a file that begins with a byte order mark, and one with half of a surrogate pair. */
const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'problems-')));
const line = (statement: string): string =>
  `${JSON.stringify({ id: 'a', statement, topic: 'algebra', source: 'made up' })}\n`;
const contents = { bom: `\ufeff${line('Show that 1 = 1.')}`, 'lone-surrogate': line('Let \ud835 be real.') };
async function* read(uri: string): AsyncGenerator<string> {
  for await (const { bytes } of linesOf(store.read(uri))) yield bytes.toString('utf8');
}
for (const [name, content] of Object.entries(contents)) {
  const { uri } = await store.write(`imports/${name}.jsonl`, content);
  await readProblems(uri, read).then(
    (problems) => console.log(name, 'taken:', JSON.stringify(problems)),
    (error: Error) => console.log(name, 'refused:', error.message),
  );
}
