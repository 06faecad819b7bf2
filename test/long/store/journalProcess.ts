import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import readline from 'node:readline';

/**
 * A process that appends what it is told to: `journalProcess.ts STORE CACHE HOST`, a number a line. It says `open`, then
 * `safe N` or `refused N NAME`.
 */
const [place = '', cache = '', host = ''] = process.argv.slice(2);
os.hostname = () => host; // a machine of its own, as far as a lease can see
syncBuiltinESMExports();
const { Journal } = await import('../../../activities/store/journal.ts');
const { FileStore } = await import('../../../activities/store/files.ts');
const { S3Store } = await import('../../../activities/store/s3/store.ts');

const store = place.startsWith('{') ? new S3Store(JSON.parse(place), cache) : new FileStore(place);
const lines = { what: 'a number', remedy: '', isOne: ({ n }: { n?: number }) => typeof n === 'number' };
const journal = await Journal.open<{ n: number }>(store, 'log.jsonl', { lines });
const say = (text: string): void => void process.stdout.write(`${text}\n`);
say('open');
for await (const line of readline.createInterface({ input: process.stdin }))
  void journal.append({ n: Number(line) }).then(
    () => say(`safe ${line}`),
    (error: Error) => say(`refused ${line} ${error.name}`),
  );
await journal.close();
