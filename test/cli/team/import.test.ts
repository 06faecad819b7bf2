import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { config } from '../../../temporal.config.ts';
import { checkpointFolder } from '../../activities/store/checkpointFixture.ts';
import { EIGHT_WORDINGS } from '../../shared/problems/cases.ts';

const state = mkdtempSync(path.join(tmpdir(), 'flywheel-import-'));

/** The command, run where a team's files lie. */
function flywheel(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(config.root, 'cli', 'flywheel.mjs'), ...args],
    {
      encoding: 'utf8',
      cwd: state,
      env: { ...process.env, FLYWHEEL_STATE: state, FLYWHEEL_TRAINER_PYTHON: '/no/such/python', ...env },
    },
  );
  return { status, stdout, stderr };
}
const put = (name: string, content: string) => writeFileSync(path.join(state, name), content);

test('problems are brought in from where the team is, and the command says what to write into a recipe', () => {
  put('set.csv', 'question,level,notes\nProve 1.,1,x\nProve 2.,hard,y\n Prove 1.,3,z\nProve 3.,4,\n');
  const { status, stdout, stderr } = flywheel(['import', 'problems', 'set.csv', '--to', 'ours.jsonl']);
  expect([status, stderr]).toEqual([0, '']);
  const [, uri = ''] = /lie in the store as (\S+),/.exec(stdout) ?? [];
  expect(stdout).toContain(`"settings": { "path": "${uri}" }`);
  expect(stdout).toMatch(/^3 problems of set\.csv \(CSV\)/);
  for (const said of [
    'statement   question',
    'not taken: notes',
    '1 the same statement: line 4 (its statement',
    '"hard" of',
  ])
    expect(stdout).toContain(said);
  const ours = readFileSync(path.join(state, 'ours.jsonl'), 'utf8');
  expect(ours).toBe(readFileSync(path.join(state, 'store', uri), 'utf8'));
  const again = JSON.parse(flywheel(['import', 'problems', 'ours.jsonl', '--json']).stdout) as { uri: string };
  expect(again.uri).toBe(uri);
  const plan = flywheel(['plan', '--preset', 'paper', '--set', `domain.settings.path=${uri}`, '--json']);
  expect(JSON.parse(plan.stdout)).toMatchObject({ facts: { problems: { count: 3 } } });
});

test('near-equal problems are told when they are brought in, and listed pair by pair', () => {
  const statements = EIGHT_WORDINGS.slice(0, 3).flatMap((family) => family.slice(1, 4));
  put('near.jsonl', statements.map((question, id) => JSON.stringify({ id: `p${id}`, question })).join('\n'));
  const { stdout } = flywheel(['import', 'problems', 'near.jsonl']);
  expect(stdout).toContain('Near-equal: 3 groups of problems; near-equal pairs: 6 but for notation, 0 similar\n');
  const [, uri = ''] = /lie in the store as (\S+)/.exec(stdout) ?? [];
  const listed = flywheel(['problems', 'pairs', 'near.jsonl']);
  expect([listed.status, listed.stderr]).toEqual([0, '']);
  expect(listed.stdout.match(/^── exact$/gm)).toHaveLength(6);
  expect(listed.stdout).toContain(
    `── exact\n  p0: ${JSON.stringify(statements[0])}\n  p1: ${JSON.stringify(statements[1])}`,
  );
  const json = (args: readonly string[]) =>
    JSON.parse(flywheel(['problems', 'pairs', ...args, '--json']).stdout) as object;
  expect(json([uri])).toMatchObject({ problems: 9, exact: 6, near: 0, groups: 3, heldOut: 0 });
  expect(json([uri, '--ignore-numbers'])).toMatchObject({ exact: 8, groups: 1 });
  for (const [args, message] of [
    [[uri, '--similarity', '2'], 'Expected --similarity to be from 0.5 to 1, got "2"'],
    [['none.jsonl'], 'Expected a file of problems, got none.jsonl, which is not there'],
  ] as const) {
    const { status, stderr } = flywheel(['problems', 'pairs', ...args]);
    expect([status, stderr.trim()]).toEqual([2, expect.stringContaining(message)]);
  }
});

test('graded proofs are brought in, and the command says what their grades mean and what to write', () => {
  put('graded.csv', 'problem_id,response,points,notes\np1,So.,7,x\np1,No.,2,y\np2,Nearly.,6,z\np9,So.,7,\n');
  put('set.jsonl', '{"id":"p1","problem":"Prove A."}\n{"id":"p2","problem":"Prove B."}\n');
  const grade = ['import', 'proofs', 'graded.csv', '--grader', 'jury 2026', '--problems', 'set.jsonl'];
  const { status, stdout, stderr } = flywheel(grade);
  expect([status, stderr]).toEqual([0, '']);
  const [, uri = ''] = /lie in the store as (\S+)\n/.exec(stdout) ?? [];
  for (const said of [
    /^3 graded proofs of graded\.csv \(CSV\)/,
    'Of 2 problems, graded by jury 2026: 1 × 0, 1 × 0.5, 1 × 1',
    'Grades: 0 to 7: 7 = 1, 5 to 6.5 = 0.5, below = 0; --grades says otherwise',
    'not taken: notes',
    '1 unknown problem: line 5 (there is no problem "p9")',
    `"coldStart": "given", "given": { "proofs": "${uri}" }`,
  ])
    expect(stdout).toMatch(said);
  const other = flywheel([...grade, '--grades', '0-1=0,2-5=0.5,6-7=1', '--json']);
  expect(JSON.parse(other.stdout)).toMatchObject({ byScore: { '0.5': 1, 1: 2 }, grader: 'jury 2026', count: 3 });
  const again = JSON.parse(flywheel([...grade, '--json']).stdout) as { uri: string };
  expect(again.uri).toBe(uri);
});

test.each([
  [['proofs', 'graded.csv'], "required option '--grader <name>' not specified"],
  [['proofs', 'none.csv', '--grader', 'me'], 'Expected a file of graded proofs, got none.csv, which is not there'],
  [['proofs', 'graded.csv', '--grader', 'me', '--grades', '7'], '--grades: expected grades and their scores'],
  [
    ['proofs', 'graded.csv', '--grader', 'me', '--field', 'x=y'],
    '--field: expected one of statement, proof, grade, id',
  ],
  [['analyses', 'graded.csv', '--grader', 'me'], 'expected a field with the analyses of them (analysis, critique,'],
  [['problems', 'none.csv'], 'Expected a file of problems, got none.csv, which is not there'],
  [['problems', 'set.csv', '--field', 'title=x'], '--field: expected one of statement, id, topic, source, difficulty'],
  [['problems', 'set.csv', '--longest', '0'], 'Expected --longest to be a whole number of at least 1'],
  [['problems', 'set.csv', '--to', 'set.csv'], 'Expected --to to name a new file, got set.csv, which is there'],
  [['base', 'none'], 'Expected a folder with a model, or a model of a hub (hf:org/name@revision), got "none"'],
  [['base', 'hf:org/name'], 'fetches models of a hub, and /no/such/python is not there'],
  [['endpoints', 'none.json'], 'Expected a file of endpoints such as'],
])('import %j ends with 2 and says why', (args, message) => {
  put('set.csv', 'question\nProve A.\n');
  put('graded.csv', 'problem,proof,grade\nProve A.,So.,7\n');
  const { status, stdout, stderr } = flywheel(['import', ...args]);
  expect(stderr).toContain(message);
  expect([status, stdout]).toEqual([2, '']);
});

test('a model is brought in by its digest, and the command says what its files tell of it', async () => {
  const folder = await checkpointFolder();
  const { status, stdout } = flywheel(['import', 'base', folder]);
  expect(status).toBe(0);
  const [, digest = ''] = /"base": "checkpoints\/([0-9a-f]{64})"/.exec(stdout) ?? [];
  expect(existsSync(path.join(state, 'store', 'checkpoints', digest, 'config.json'))).toBe(true);
  expect(stdout).toContain('Warning: no file names a token at which an answer ends');
  expect(JSON.parse(flywheel(['import', 'base', `checkpoints/${digest}`, '--json']).stdout)).toMatchObject({
    base: `checkpoints/${digest}`,
    sha256: digest,
    parameters: 10,
  });
});

test('endpoints are brought in, the doctor lists them, and the setting wins, which is said', () => {
  put('endpoints.jsonc', '[{ "baseUrl": "http://gpu-1:8000/v1" /* ours */ }]');
  expect(flywheel(['import', 'endpoints', 'endpoints.jsonc']).stdout).toMatch(
    /^http:\/\/gpu-1:8000\/v1: added\n1 endpoint/,
  );
  const doctor = (env = {}) =>
    (
      JSON.parse(flywheel(['doctor', '--json'], env).stdout) as { checks: { name: string; detail: string }[] }
    ).checks.find(({ name }) => name === 'endpoints')?.detail;
  const kept = path.join(state, 'endpoints.json');
  expect(doctor()).toBe(`http://gpu-1:8000/v1 (every model under its digest), from ${kept}`);
  const env = { FLYWHEEL_ENDPOINTS: '[{"baseUrl":"http://set"}]' };
  expect(doctor(env)).toBe(`http://set (every model under its digest), from FLYWHEEL_ENDPOINTS; it wins over ${kept}`);
  const again = flywheel(['import', 'endpoints', 'endpoints.jsonc'], env);
  expect(again.stdout).toContain('as before');
  expect(again.stderr).toContain('FLYWHEEL_ENDPOINTS is set, and wins');
});
