import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { paper } from '../domains/proofs/presets.ts';

const root = path.dirname(import.meta.dirname);
const text = readFileSync(path.join(root, 'PAPER.md'), 'utf8');
const values = text.slice(text.indexOf('## Values of the preset'));

interface Row {
  readonly field: string;
  readonly pattern: RegExp;
  readonly value: unknown;
  readonly provenance: string;
}

const rows: Row[] = Array.from(
  values.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\| [^|]+ \| ([^|]+?) +\|$/gm),
  ([, field = '', value = '', provenance = '']) => ({
    field,
    pattern: new RegExp(`^${field.replaceAll('.', '\\.').replaceAll('*', '\\w+')}$`),
    value: JSON.parse(value) as unknown,
    provenance,
  }),
);

function leaves(value: unknown, at = ''): [string, unknown][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[at, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, at === '' ? name : `${at}.${name}`));
}

test('PAPER.md gives every value of the preset paper once, as it is, with its provenance', () => {
  const fields = leaves(paper).map(([field, value]) => ({
    field,
    value,
    inPaper: rows.filter(({ pattern }) => pattern.test(field)).map(({ value }) => value),
  }));
  expect(fields.filter(({ value, inPaper }) => JSON.stringify(inPaper) !== JSON.stringify([value]))).toEqual([]);
  for (const { provenance } of rows) expect(provenance).toMatch(/^(paper|released code|field|ours)\b/);
});

test('PAPER.md speaks of no field that the preset has not', () => {
  const fields = leaves(paper).map(([field]) => field);
  expect(rows.filter(({ pattern }) => !fields.some((field) => pattern.test(field))).map(({ field }) => field)).toEqual(
    [],
  );
});

const pages = ['.', 'docs', 'domains/rehearsal', 'domains/implications', 'trainer/contract'].flatMap((folder) =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
    .map((name) => path.join(folder, name)),
);

test.each(pages)('%s names only places that exist', (page) => {
  const places = Array.from(
    readFileSync(path.join(root, page), 'utf8').matchAll(
      /`((?:shared|domains|prompts|activities|reports|workflows|workers|trainer|test)\/[\w./-]*)`/g,
    ),
    ([, place = '']) => place,
  );
  expect(places.filter((place) => !existsSync(path.join(root, place)))).toEqual([]);
});
