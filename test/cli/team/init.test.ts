import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseJsonc } from '../../../activities/processes/settings.ts';
import { domains } from '../../../domains/index.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { commandsOf, recipeText, type TeamFolder } from '../../../cli/team/teamFiles.ts';
import { config } from '../../../temporal.config.ts';

const home = mkdtempSync(path.join(tmpdir(), 'flywheel-init-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
function flywheel(...args: readonly string[]) {
  const { FLYWHEEL_ENDPOINTS: _, FLYWHEEL_SERVE_COMMAND: __, ...env } = process.env;
  return spawnSync(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), ...args], {
    encoding: 'utf8',
    cwd: home,
    env: { ...env, FLYWHEEL_STATE: path.join(home, 'state') },
  });
}

const team: TeamFolder = {
  engine: { engine: 'batcher', reason: 'Chosen.' },
  gpus: 0,
  command: 'npx flywheel',
  problems: { count: 16, isStarter: true },
};

test.each<[string, Partial<TeamFolder>]>([
  ['little', {}],
  [
    'all of it',
    { base: '../b "x"', endpoint: 'http://gpu-1:8000/v1', people: 3, hoursPerWeek: 1.5, weeks: 2, gpus: 8 },
  ],
])('where %s is said, the recipe is one that a lap can be read from', (_, more) => {
  const { endpoints, ...input } = parseJsonc('team.jsonc', recipeText({ ...team, ...more })) as Record<string, unknown>;
  expect(endpoints).toBe(more.endpoint === undefined ? undefined : './endpoints.json');
  const { recipe } = resolveRecipe(domains, input);
  expect(recipe).toMatchObject({
    preset: 'team',
    domain: { base: more.base ?? './base', prompts: './prompts', settings: { path: './problems.jsonl' } },
    training: { gpusPerNode: more.gpus ?? 0 },
  });
  expect(recipe.experts.people).toBe(more.people);
});

test('a folder with a blank in its name is named as a shell reads it', () => {
  expect(commandsOf(team, 'my team').join('\n')).toContain("--recipe 'my team/team.jsonc'");
});

test('a folder from init is planned from anywhere, by what it holds', () => {
  const base = ['--base', 'hf:org/name@0123456789012345678901234567890123456789'];
  const made = flywheel('init', 'deep/mine', ...base, '--people', '3', '--hours-per-week', '8', '--weeks', '2');
  expect([made.status, made.stderr]).toEqual([0, '']);
  expect(made.stdout).toContain('Wrote deep/mine: team.jsonc, problems.jsonl (16 problems)');
  expect(readdirSync(path.join(home, 'deep'))).toEqual(['mine']);
  expect(readdirSync(path.join(home, 'deep/mine')).sort()).toEqual(
    ['README.md', 'endpoints.json', 'problems.jsonl', 'prompts', 'team.jsonc'].sort(),
  );
  expect(readFileSync(path.join(home, 'deep/mine/prompts/prove.md'), 'utf8')).toBe(
    readFileSync(path.join(config.root, 'prompts/paper/prove.md'), 'utf8'),
  );
  expect(flywheel('plan', '--recipe', 'deep/mine/team.jsonc').stdout).toContain(
    '16 (10 to train on, 4 that validate, 2 held out)',
  );
  const planned = flywheel('plan', '--recipe', 'deep/mine/team.jsonc', '--set', 'labelling.proofs=3', '--json');
  const { basis, derived } = JSON.parse(planned.stdout) as {
    basis: readonly object[];
    derived: readonly { field: string; reason: string }[];
  };
  expect(basis).toContainEqual(expect.objectContaining({ figure: 'problems', value: 16, of: 'counted in the file' }));
  expect(derived.map(({ field }) => field)).not.toContain('labelling.proofs');
  expect(derived.find(({ field }) => field === 'coldStart.expertProofs')?.reason).toContain('3 × 8 a week × 2 weeks');
});

test('problems are read from the fields that are named, and what was not taken is told', () => {
  const rows = Array.from({ length: 8 }, (_, n) => `${n},Prove that ${n} = ${n}.,Level ${n}`);
  writeFileSync(path.join(home, 'odd.csv'), ['Nr,Aufgabe,Stufe', ...rows, ''].join('\n'));
  const fields = ['--field', 'statement=Aufgabe', '--field', 'difficulty=Stufe'];
  const { stdout, stderr } = flywheel('init', 'odd', '--problems', 'odd.csv', ...fields);
  expect(stderr).toBe('');
  expect(stdout).toContain('odd.csv: 8 problems\n  statement from Aufgabe, difficulty from Stufe; not taken: Nr\n');
  expect(readFileSync(path.join(home, 'odd/problems.jsonl'), 'utf8').split('\n')[0]).toContain('"difficulty":0');
}, 60_000);

test('nothing is overwritten, and what is asked wrongly is refused before anything is written', () => {
  mkdirSync(path.join(home, 'full'));
  writeFileSync(path.join(home, 'full', 'notes.txt'), '');
  for (const [args, message] of [
    [['full'], 'Expected a folder that is new or empty, got full with notes.txt: name another; nothing is overwritten'],
    [['full/notes.txt'], 'got the file full/notes.txt'],
    [['new', '--people', '0'], 'Expected --people to be a whole number of at least 1, got "0"'],
    [['new', '--weeks', 'two'], '--weeks: expected a number above 0, got "two"'],
    [['new', '--endpoint', 'gpu-1:8000'], '--endpoint: expected an address such as http://'],
    [['new', '--base', './lost'], '--base: expected a Hugging Face folder, or a model of a hub, got ./lost'],
    [['new', '--problems', 'lost.csv'], '--problems: '],
    [['new', '--field', 'statement=Aufgabe'], '--field: expected --problems beside it'],
  ] as const) {
    const { status, stderr } = flywheel('init', ...args);
    expect([args, status, stderr]).toEqual([args, 2, expect.stringContaining(message)]);
  }
  expect(readdirSync(home).filter((name) => name.startsWith('new'))).toEqual([]);
}, 300_000);
