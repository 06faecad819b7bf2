import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { config } from '../../temporal.config.ts';

/** The command itself, in a state folder where nothing was ever started. */
function flywheel(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(config.root, 'cli', 'flywheel.mjs'), ...args],
    {
      encoding: 'utf8',
      cwd: config.root,
      env: { ...process.env, FLYWHEEL_STATE: mkdtempSync(path.join(tmpdir(), 'flywheel-cli-')), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return { status, stdout, stderr };
}

test.each([
  [['lap', '--presett', 'smoke'], "unknown option '--presett'"],
  [['lap', '--preset', 'big'], 'preset: expected one of rehearsal, smoke, paper'],
  [['lap', '--set', 'labelling.proofs=0'], 'labelling.proofs: '],
  [['stopp'], "unknown command 'stopp'"],
  [['export'], "missing required argument 'lap'"],
  [['export', 'lap-0001', 'prover', '/nowhere'], 'Expected a role (generator, verifier, metaVerifier), got "prover"'],
  [['export', 'generator', 'lap-0001', '/nowhere'], 'Expected a lap such as main/lap-0003, or proofs or analyses of'],
  [['export', 'model', 'lap-0001', 'verifier', '/nowhere'], 'Expected a lap of this store, got "lap-0001"'],
  [['export', 'proofs', 'lap-0001', '/nowhere'], 'Expected a lap of this store, got "lap-0001"'],
])('flywheel %j ends with 2 and says why', (args, message) => {
  const { status, stdout, stderr } = flywheel(args);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect([status, stdout]).toEqual([2, '']);
});

test('a project in a folder with a question mark is refused by that', () => {
  const cli = path.join(mkdtempSync(path.join(tmpdir(), 'flywheel-cli-')), 'what?', 'cli');
  mkdirSync(cli, { recursive: true });
  copyFileSync(path.join(config.root, 'cli', 'flywheel.mjs'), path.join(cli, 'flywheel.mjs'));
  const { status, stderr } = spawnSync(process.execPath, [path.join(cli, 'flywheel.mjs'), 'laps'], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([
    2,
    `Expected the project's folder to have no ? in its path, got ${realpathSync(cli)}: rename it\n`,
  ]);
});

test('a faulty setting is refused by name, without a stack', () => {
  const { status, stderr } = flywheel(['status'], { FLYWHEEL_REWARD_PORT: 'http' });
  expect(stderr).toBe('Expected FLYWHEEL_REWARD_PORT to be a port between 1 and 65535, got "http"\n');
  expect(status).toBe(2);
});

test('where nothing runs, status says so and stop has nothing to do', () => {
  const status = flywheel(['status', '--json']);
  expect(JSON.parse(status.stdout)).toMatchObject({
    stack: { supervisor: false, services: { worker: { running: false } } },
    laps: null,
  });
  expect(status.status).toBe(0);
  expect(flywheel(['stop'])).toMatchObject({ status: 0, stdout: 'Nothing was running.\n' });
});

test('--help explains a command and its options', () => {
  const { status, stdout } = flywheel(['lap', '--help']);
  expect(stdout).toContain('Usage: flywheel lap');
  for (const option of ['--preset', '--seed', '--run', '--expert', '--set', '--detach', '--json'])
    expect(stdout).toContain(option);
  expect(status).toBe(0);
});

test('a lap that could not start here is planned, with all that is in its way, and ends the plan with 1', () => {
  const paper = flywheel(['plan', '--preset', 'paper', '--json']);
  expect(paper.status).toBe(1);
  expect(JSON.parse(paper.stdout)).toMatchObject({
    refused: expect.arrayContaining([
      expect.objectContaining({ field: 'domain.base' }),
      expect.objectContaining({ field: 'domain.settings' }),
      expect.objectContaining({ field: 'inference.engine' }),
      expect.objectContaining({ field: 'training.cluster' }),
    ]) as object[],
    preset: 'paper',
    turn: 1,
    from: null,
    overBudget: null,
    total: { expected: { gpuHours: 61_440 } },
  });
  const smoke = flywheel(['plan', '--preset', 'smoke', '--set', 'budget.calls=10']);
  expect(smoke.stdout).toMatch(
    /\nThis lap would not start\. budget\.calls: expected a plan of at most 10, got \d+ \(model calls\)/,
  );
  expect(smoke.status).toBe(1);
  const folder = flywheel(['plan', '--preset', 'smoke', '--set', 'domain.base=imports/base']);
  expect(folder.stdout).toMatch(
    /\nThis lap would not start\. domain\.base: expected .*, got "imports\/base"; `flywheel import base` puts a folder/,
  );
  expect(folder.status).toBe(1);
});

test('a plan says what it read: problems, base, window, tokens of each role; people’s hours, and the disk', () => {
  const { stdout, status } = flywheel(['plan', '--preset', 'smoke', '--expert', 'me']);
  for (const line of [
    /^ {2}problems: 50 \(16 to train on, 8 that validate, 14 held out\); a statement has 9 to 27 tokens, 15 in/m,
    /^ {2}base: 454 k parameters, 1\.83 MB, 1,024 positions$/m,
    /^ {2}window: 512 tokens of prompt and answer \(the bundled server, of this base\)$/m,
    /^ {2}prove +2 +11 +17 +128 +367$/m,
    /^people: 8 h \(experts\.people and experts\.hoursPerWeek say it in weeks\)$/m,
    /^disk: 22\.2 MB \(checkpoints 10\.9 MB, .*\); \S+ .B are free in /m,
  ])
    expect(stdout).toMatch(line);
  expect(status).toBe(0);
  const weeks = ['--set', 'experts.people=2', '--set', 'experts.hoursPerWeek=4'];
  expect(flywheel(['plan', '--preset', 'smoke', '--expert', 'me', ...weeks]).stdout).toMatch(
    /^people: 8 h, 1 weeks of 2 people with 4 h a week each$/m,
  );
});

test('a store of a later version is refused by its number; doctor names it, and stop still stops', () => {
  const state = mkdtempSync(path.join(tmpdir(), 'flywheel-cli-'));
  mkdirSync(path.join(state, 'store'));
  writeFileSync(path.join(state, 'store', 'format.json'), '{"format": 99}');
  const env = { FLYWHEEL_STATE: state };
  const laps = flywheel(['laps'], env);
  expect(laps).toMatchObject({ status: 1, stdout: '' });
  expect(laps.stderr).toMatch(/^Expected file:.*format\.json to say a format from 1 to \d+, got 99: a later version/);
  const { checks } = JSON.parse(flywheel(['doctor', '--json'], env).stdout) as { checks: { name: string }[] };
  expect(checks.find(({ name }) => name === 'store')).toMatchObject({
    state: 'bad',
    detail: expect.stringContaining('got 99: a later version'),
  });
  expect(flywheel(['stop'], env)).toMatchObject({ status: 0, stdout: 'Nothing was running.\n' });
});

test.each([
  [['--help']],
  [['lap', '--help']],
  [['laps']],
  [['ledger']],
  [['ledger', 'show', 'many', '--limit', '4000']],
  [['ledger', 'export', 'many']],
  [['plan', '--preset', 'smoke', '--json']],
  [['doctor']],
])('flywheel %j ends quietly when its reader has gone', async (args) => {
  const state = mkdtempSync(path.join(tmpdir(), 'flywheel-cli-'));
  const ledger = path.join(state, 'store', 'ledger', 'many');
  mkdirSync(ledger, { recursive: true });
  writeFileSync(path.join(ledger, 'plan.json'), '{"shards":[0]}');
  const outcome = {
    key: 'k',
    row: 'r',
    sample: 0,
    kind: 'answered',
    task: 'prove',
    text: 'x'.repeat(100),
    requests: 1,
  };
  writeFileSync(path.join(ledger, 'shard-0000.jsonl'), `${JSON.stringify(outcome)}\n`.repeat(4000));
  const child = spawn(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), ...args], {
    cwd: config.root,
    env: { ...process.env, FLYWHEEL_STATE: state },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  expect([await once(child, 'close'), said]).toEqual([[0, null], '']);
});
