import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { freePort } from '../../../activities/processes/ports.ts';
import { config } from '../../../temporal.config.ts';

/**
 * The processes of an installation, each by its own command against a Temporal server that none of them started, as
 * systemd and Kubernetes run them.
 */
const stateDir = mkdtempSync(path.join(tmpdir(), 'flywheel-processes-'));
const KEY = `k1:${randomBytes(32).toString('base64')}`;
const children: ChildProcess[] = [];
/** What manifests and units give a worker: workers/host.ts is done after 15 s. */
const DRAIN_MS = 30_000;
let env: NodeJS.ProcessEnv;
let temporal = '';

interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output(): string;
}

function run(program: string, args: readonly string[]): Running {
  const child = spawn(program, args, { cwd: config.root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
  return { child, exit: new Promise((resolve) => child.once('exit', (code) => resolve(code))), output: () => output };
}
const flywheel = (...args: string[]): Running =>
  run(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), ...args]);

async function until(running: Running, condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    if (running.child.exitCode !== null) throw new Error(`It ended by itself:\n${running.output()}`);
    await sleep(100);
  }
}
const answers = (port: string | undefined, at: string) => () =>
  fetch(`http://127.0.0.1:${port}${at}`).then(
    ({ ok }) => ok,
    () => false,
  );

beforeAll(async () => {
  const port = await freePort();
  temporal = `127.0.0.1:${port}`;
  env = {
    ...process.env,
    FLYWHEEL_STATE: stateDir,
    TEMPORAL_ADDRESS: temporal,
    FLYWHEEL_CODEC_KEYS: KEY,
    FLYWHEEL_REWARD_TOKEN: randomBytes(24).toString('hex'),
    FLYWHEEL_REWARD_PORT: String(await freePort()),
    FLYWHEEL_DESK_PORT: String(await freePort()),
    FLYWHEEL_CODEC_PORT: String(await freePort()),
  };
  const start = `server start-dev --headless --ip 127.0.0.1 --port ${port} --log-level never`;
  const server = run(process.env['TEMPORAL_CLI_PATH'] ?? 'temporal', start.split(' '));
  const connection = Connection.lazy({ address: temporal });
  await until(server, () =>
    connection
      .withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}))
      .then(
        () => true,
        () => false,
      ),
  );
  await connection.close();
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
});

test('a server of others is made ready once, and again without harm', async () => {
  for (const _ of [1, 2]) {
    const prepared = flywheel('deployment', 'prepare');
    expect([await prepared.exit, prepared.output()]).toEqual([0, `default at ${temporal} is ready for laps.\n`]);
  }
});

const WORKERS = [['orchestrator', '--set-current'], ['inference'], ['training'], ['inference', 'training']];
test.each(WORKERS)('worker %s %s works until SIGTERM, and ends with 0', async (...args) => {
  const worker = flywheel('worker', ...args);
  await until(worker, () => /Worker state changed.*RUNNING/s.test(worker.output()));
  if (args.includes('--set-current')) await until(worker, () => worker.output().includes('new laps start on it'));
  worker.child.kill('SIGTERM');
  expect(await worker.exit).toBe(0);
  expect(worker.output()).not.toContain(KEY);
});

test.each([
  ['reward-service', 'FLYWHEEL_REWARD_PORT', '/health'],
  ['desk', 'FLYWHEEL_DESK_PORT', '/health'],
  ['codec-server', 'FLYWHEEL_CODEC_PORT', '/healthz'],
])('%s answers until SIGTERM, and ends with 0', async (name, port, at) => {
  const service = flywheel(name, ...(name === 'codec-server' ? ['--origin', 'http://127.0.0.1:8233'] : []));
  await until(service, answers(env[port], at));
  service.child.kill('SIGTERM');
  expect(await service.exit).toBe(0);
  expect(service.output()).not.toContain(KEY);
});

test('a lap whose workers are asked to end in the middle of a training goes on with those that come after them', async () => {
  env['FLYWHEEL_STACK'] = 'deployed';
  const rewards = flywheel('reward-service');
  await until(rewards, answers(env['FLYWHEEL_REWARD_PORT'], '/health'));
  const early = [flywheel('worker', 'orchestrator', '--set-current'), flywheel('worker', 'inference', 'training')];
  const [orchestrator] = early as [Running, Running];
  await until(orchestrator, () => orchestrator.output().includes('new laps start on it'));

  const lap = flywheel('lap', '--preset', 'smoke');
  const jobs = path.join(stateDir, 'store', 'jobs');
  const underWay = (): boolean =>
    existsSync(jobs) && readdirSync(jobs, { recursive: true }).some((name) => String(name).endsWith('metrics.jsonl'));
  await until(lap, underWay);
  const asked = Date.now();
  for (const { child } of early) child.kill('SIGTERM');
  expect(await Promise.all(early.map(({ exit }) => exit))).toEqual([0, 0]);
  expect(Date.now() - asked).toBeLessThan(DRAIN_MS);
  expect(lap.child.exitCode).toBeNull();

  const late = [flywheel('worker', 'orchestrator'), flywheel('worker', 'inference', 'training')];
  expect([await lap.exit, lap.output()]).toEqual([0, expect.stringContaining('Lap main/lap-0001 is done.')]);
  for (const { child } of [...late, rewards]) child.kill('SIGTERM');
  expect(await Promise.all([...late, rewards].map(({ exit }) => exit))).toEqual([0, 0, 0]);
});

test('of a lap with keys the server knows ids and search attributes, and nothing that it was given', async () => {
  const connection = await Connection.connect({ address: temporal });
  const { workflowService } = connection;
  let histories = 0;
  const { executions } = await workflowService.listWorkflowExecutions({ namespace: 'default' });
  for (const { execution = {}, searchAttributes } of executions ?? []) {
    const shown = Object.values(searchAttributes?.indexedFields ?? {}).map(({ data }) =>
      Buffer.from(data ?? []).toString(),
    );
    if (execution?.workflowId === 'lap-main') expect(shown.join(' ')).toContain('main/lap-0001');
    const { history } = await workflowService.getWorkflowExecutionHistory({ namespace: 'default', execution });
    const bytes = Buffer.from(proto.temporal.api.history.v1.History.encode(history ?? {}).finish());
    for (const [text, is] of [
      ['binary/encrypted', true],
      ['"sizes"', false],
      ['"sha256"', false],
    ] as const)
      expect([execution?.workflowId, text, bytes.includes(text)]).toEqual([execution?.workflowId, text, is]);
    histories += 1;
  }
  expect(histories).toBeGreaterThan(5);
  await connection.close();
});
