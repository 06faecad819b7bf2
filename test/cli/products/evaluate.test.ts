import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { evaluationLine } from '../../../cli/products/evaluateView.ts';
import { NO_SETS } from '../../../cli/products/setsUnderWay.ts';
import type { EvaluatedSet } from '../../../shared/products/evaluationInput.ts';
import { config } from '../../../temporal.config.ts';

jest.setTimeout(60_000);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'flywheel-evaluate-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GRADED = '{"problem":"Show it.","proof":"So.","grade":7}\n{"problem":"Show that.","proof":"No.","grade":0}\n';
const MODEL = ['--endpoint', 'http://127.0.0.1:9/v1', '--model', 'm'];

function evaluate(content: string, args: readonly string[], name = 'graded.jsonl') {
  writeFileSync(path.join(folder, name), content);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(config.root, 'cli', 'flywheel.mjs'), 'evaluate', path.join(folder, name), ...args],
    { encoding: 'utf8', cwd: config.root, env: { ...process.env, FLYWHEEL_STATE: path.join(folder, 'state') } },
  );
  return { status, stdout, stderr };
}

test.each<[what: string, content: string, args: readonly string[], says: string]>([
  ['no model', GRADED, [], 'Expected a model, --endpoint URL --model NAME, or --lap LAP, got neither'],
  ['a judge of a verifier', GRADED, [...MODEL, '--judge', 'j'], 'Expected no --judge where a verifier is measured'],
  ['no judge of a generator', GRADED, ['--generator', ...MODEL], 'Expected --judge NAME with --generator'],
  [
    'meta-analyses of a generator',
    GRADED,
    ['--generator', ...MODEL, '--meta-analyses', '2'],
    'Expected no --meta-analyses',
  ],
  [
    'grades of what is to be written',
    GRADED,
    ['--generator', ...MODEL, '--judge', 'j', '--grades', '7->1'],
    'Expected no --grades where a model writes the proofs',
  ],
  [
    'analyses of graded proofs',
    GRADED,
    ['--generator', '--analyses', '3'],
    'Expected no --analyses where people have graded',
  ],
  ['two second models', GRADED, [...MODEL, '--against', 'a', '--against-lap', 'lap-0001'], 'got both'],
  ['a scale that is none', GRADED, [...MODEL, '--grades', '7=9'], '--grades: expected grades and their scores'],
  ['a scale of other grades', GRADED, [...MODEL, '--grades', 'pass->1'], 'of which none can be taken'],
  ['a half that is none', GRADED, [...MODEL, '--half', '0.5'], 'Expected --half to be 0 or 1, got "0.5"'],
  ['a half where grades may be 0.5', GRADED, [...MODEL, '--half', '1'], 'Expected no --half where grades may be 0.5'],
  ['a form that is none', GRADED, [...MODEL, '--format', 'opc'], '--format: expected one of open-proof-corpus'],
  ['an empty file', '', MODEL, 'got an empty file'],
  ['another encoding', '\ufeff'.repeat(2), MODEL, 'expected'],
  ['NaN for a grade', '{"problem":"P","proof":"a","grade":NaN}', MODEL, 'line 1: expected a JSON object'],
  ['no grades', '{"problem":"P","proof":"a"}', MODEL, 'expected a field with their grades'],
  [
    'grades that nobody knows',
    '{"problem":"P","proof":"a","grade":"good"}',
    MODEL,
    'say what they mean, such as --grades',
  ],
  ['a lap that is none', GRADED, ['--lap', 'lap three'], 'lap: expected the name of a lap'],
  ['a server that is away', GRADED, MODEL, 'Expected an answer of http://127.0.0.1:9/v1'],
])('%s is refused by name, before anything is started', (_, content, args, says) => {
  const { status, stdout, stderr } = evaluate(content, args);
  expect(stderr).toContain(says);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect([status, stdout]).toEqual([2, '']);
});

test('what is left out of a file is told with why', () => {
  const row = (proof: string, grade: unknown) => `${JSON.stringify({ problem: 'P', proof, grade })}\n`;
  const { stderr } = evaluate(
    row('a', 7) + row('a', 7) + row('', 7) + row('b', 'NaN') + row('c', 0),
    MODEL,
    'some.jsonl',
  );
  expect(stderr).toContain('2 graded proofs; grades: 0 to 7: 7 = 1');
  expect(stderr).toContain('Left out, no proof: 1, such as line 3');
  expect(stderr).toContain('Left out, no grade: 1, such as line 4');
  expect(stderr).toContain('Left out, the same proof: 1, such as line 2 (as line 1)');
});

test('progress is the rows and calls of the sets under way, with those in flight, and what is left at this pace', () => {
  const set: EvaluatedSet = {
    setId: 'evaluate/it/verdicts-0',
    what: 'verdicts of m',
    rows: 10,
    rowsDone: 4,
    calls: 32,
    most: 80,
    state: 'asking',
  };
  const progress = { name: 'it', subject: 'verifier', sets: [set], isReporting: false } as const;
  const line = evaluationLine();
  expect(line(progress, { ...NO_SETS, calls: 8 }, 0)).toBe('verdicts of m: 4 of 10 rows, at most 80 calls · 40 calls');
  expect(line(progress, { ...NO_SETS, calls: 18 }, 10_000)).toBe(
    'verdicts of m: 4 of 10 rows, at most 80 calls · 50 calls · 1 a second, at most 30 s left',
  );
  expect(evaluationLine()({ ...progress, sets: [] }, NO_SETS, 0)).toBe('Reading the rows');
  expect(evaluationLine()({ ...progress, isReporting: true }, NO_SETS, 0)).toContain('writing the report');
});
