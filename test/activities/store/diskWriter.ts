import { FileStore } from '../../../activities/store/files.ts';
import { Journal } from '../../../activities/store/journal.ts';

/** Writes too much into a folder of a small disk and tells what became of it, or hangs in the middle of a write. */
const [root, what] = process.argv.slice(2);
if (root === undefined) throw new Error('Expected a folder, got none');
const store = new FileStore(root);
if (what === 'hang') {
  await store.write(
    'datasets/a.jsonl',
    (async function* () {
      yield 'half';
      process.stdout.write('begun');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    })(),
  );
}

const told = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'written',
    (error: unknown) => String(error),
  );
const rows = Array.from({ length: 4000 }, (_, n) => ({ n, text: 'x'.repeat(1000) }));
const tries = [];
for (let attempt = 1; attempt <= 3; attempt += 1)
  tries.push(await told(store.writeJsonl('datasets/big.jsonl', rows, { by: 'nobody', from: [] })));

async function appendMuch(): Promise<void> {
  const lines = { what: 'a text', remedy: '', isOne: () => true, outlasts: 'a kill' } as const;
  const journal = await Journal.open<object>(store, 'logs/a.jsonl', { lines });
  for (let n = 0; n < 80; n += 1) await journal.append({ text: 'x'.repeat(100_000) });
}
const append = await told(appendMuch());
const small = await told(store.writeJson('small.json', {}));
const left = [];
for await (const uri of store.list('')) left.push(uri);
process.stdout.write(JSON.stringify({ big: tries.at(-1), append, small, left }));
