import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../activities/store/files.ts';

/** Rows with characters at which others break lines, written and read. */
const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'jsonl-')));
const ref = await store.writeJsonl('x.jsonl', [{ text: 'first\u2028second' }, { text: 'c' }]);
console.log(JSON.stringify(await store.readRows(ref)));
