import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../../../cli/usage.ts';
import { registerVerdicts } from '../../../cli/review/verdicts.ts';
import { config } from '../../../temporal.config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-verdicts-'));
const fileOf = (name: string, value: unknown): string => {
  const file = path.join(folder, name);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
};

const verdicts = async (...args: readonly string[]): Promise<void> => {
  const program = new Command().exitOverride();
  registerVerdicts(program);
  await program.parseAsync(['verdicts', ...args], { from: 'user' });
};

const annotated = (choice: string, data: object = { question: 'main/lap-0001/label/experts/p1' }) => ({
  id: 1,
  data,
  annotations: [
    {
      id: 2,
      completed_by: 3,
      result: [{ from_name: 'score', to_name: 'proof', type: 'choices', value: { choices: [choice] } }],
    },
  ],
});

test.each([
  [['export', folder, '--lap', 'lap-0001', '--set', 'x'], 'Expected --lap or --set, got both'],
  [['export', folder, '--lap', 'first'], 'Expected --lap to be a lap such as lap-0001 or main/lap-0001, got "first"'],
  [['export', folder, '--since', 'Tuesday'], 'Expected --since to be a time such as 2026-05-01, got "Tuesday"'],
  [['import', path.join(folder, 'none.jsonl')], 'Expected a file of verdicts, got'],
  [['import', fileOf('a.json', []), '--format', 'csv'], 'Expected --format to be jsonl or labelstudio, got "csv"'],
  [['import', fileOf('b.json', [annotated('Splendid')])], 'expected grades of a known scale'],
  [['import', fileOf('c.json', [annotated('Right'), { id: 4, score: 'Right' }])], 'export as JSON, not JSON-MIN'],
  [['import', fileOf('d.json', [annotated('Right')]), '--annotators', '3'], 'expected --annotators to be such as'],
  [['import', fileOf('e.jsonl', '{"question": "x", "annot')], 'e.jsonl line 1'],
  [['tasks', path.join(folder, 'tasks.csv')], 'Expected a new file that ends in .json, got tasks.csv'],
])('flywheel verdicts %j is bad usage, and says why', async (args, message) => {
  const refused = await verdicts(...args).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UsageError);
  expect((refused as Error).message).toContain(message);
});

test('an address for a webhook that is none is refused by the setting’s name, and not shown', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(config.root, 'cli', 'flywheel.mjs'), 'verdicts', 'export', folder],
    { encoding: 'utf8', env: { ...process.env, FLYWHEEL_WEBHOOK_URL: 'hooks.example.org/T0/secret' } },
  );
  expect(stderr).toBe(
    'Expected FLYWHEEL_WEBHOOK_URL to be an address like https://hooks.example.org/…, got another text\n',
  );
  expect(status).toBe(2);
});
