import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { splitProblems } from '../../../activities/datasets/problems.ts';
import { Ledger } from '../../../activities/ledger/ledger.ts';
import { readSealed } from '../../../activities/ledger/sealedLedger.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { Journal, readJournal } from '../../../activities/store/journal.ts';
import { domains } from '../../../domains/index.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import type { Problem } from '../../../shared/records.ts';

/** Characters at which one reader or another ends a line; JSON has all but the control characters as they are. */
const SEPARATORS = {
  'U+2028': '\u2028',
  'U+2029': '\u2029',
  'U+0085': '\u0085',
  VT: '\v',
  FF: '\f',
  CR: '\r',
  LF: '\n',
};
/** As long as the longest proofs. */
const TEXTS = Object.values(SEPARATORS).map((separator) => `Let x${separator}y be real.`);
const LONG = TEXTS.join('').repeat(3_000);

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-lines-')));
});

test('rows of a dataset come back as they were written', async () => {
  const rows = [...TEXTS, LONG].map((text) => ({ text }));
  expect(LONG.length).toBeGreaterThan(300_000);
  expect(await store.readRows(await store.writeJsonl('a.jsonl', rows))).toEqual(rows);
});

test('lines of a journal come back as they were appended', async () => {
  const lines = { what: 'a text', remedy: '', isOne: () => true };
  const journal = await Journal.open<object>(store, 'a.jsonl', { lines });
  for (const text of [...TEXTS, LONG]) await journal.append({ text });
  expect(JSON.parse(await journal.line(TEXTS.length))).toEqual({ text: LONG });
  await journal.close();
  const read = [];
  for await (const { value } of readJournal<object>(store, 'a.jsonl', lines)) read.push(value);
  expect(read).toEqual([...TEXTS, LONG].map((text) => ({ text })));
});

test('outcomes of a ledger come back as they were paid for, sealed or not', async () => {
  const outcome = {
    sample: 0,
    kind: 'answered',
    task: 'prove',
    model: 'm',
    seed: 1,
    latencyMs: 1,
    requests: 1,
  } as const;
  const outcomes = [...TEXTS, LONG].map((text, n) => ({ ...outcome, key: `${n}`, row: `r${n}`, text, thinking: text }));
  const ledger = await Ledger.open(store, 's/shard-0000.jsonl');
  for (const outcome of outcomes) await ledger.append(outcome);
  expect(await Promise.all(outcomes.map(({ key }) => ledger.get(key)))).toEqual(outcomes);
  await ledger.seal(outcomes.map(({ key }) => key));
  const sealed = [];
  for await (const outcome of readSealed(store, 's/shard-0000.jsonl.gz')) sealed.push(outcome);
  expect(sealed).toEqual(outcomes);
});

test('problems of a file are split as they were written', async () => {
  const statements = [...TEXTS, 'Plain.'].map((text, n) => `${n} ${text}`);
  const problems = statements.map((statement, n) => ({ id: `p${n}`, statement, topic: 'a', source: 's' }));
  await store.writeJsonl('p.jsonl', problems);
  const settings = { path: 'p.jsonl', validationShare: 0.1, heldOutShare: 0.1 };
  const recipe = { ...smoke, domain: { ...smoke.domain, name: 'proofs', settings } };
  const splits = await splitProblems(store, domains.of('proofs'), { turn: 1, recipe });
  const all = [splits.train, splits.validation, splits.heldOut].flatMap((split) => split as readonly Problem[]);
  expect(all.map(({ statement }) => statement).sort()).toEqual(problems.map(({ statement }) => statement).sort());
});
