import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, readRecord, type ProcessRecord } from '../../activities/processes/records.ts';
import { freePort } from '../../activities/processes/ports.ts';
import { config } from '../../temporal.config.ts';

const stateDir = mkdtempSync(path.join(tmpdir(), 'flywheel-stack-'));
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  env = {
    ...process.env,
    FLYWHEEL_STATE: stateDir,
    FLYWHEEL_TEMPORAL_PORT: String(await freePort()),
    FLYWHEEL_UI_PORT: String(await freePort()),
    FLYWHEEL_REWARD_PORT: String(await freePort()),
    FLYWHEEL_DESK_PORT: String(await freePort()),
  };
});
afterAll(() => {
  flywheel('stop');
});

const command = (...args: string[]): [string, string[], { cwd: string; env: NodeJS.ProcessEnv }] => [
  process.execPath,
  [path.join(config.root, 'cli', 'flywheel.mjs'), ...args],
  { cwd: config.root, env },
];

function flywheel(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const [program, words, options] = command(...args);
  return spawnSync(program, words, { ...options, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const record = (name: string): Promise<ProcessRecord | undefined> =>
  readRecord(path.join(stateDir, 'run', `${name}.json`));

/** The living process of a service, once it is another than `not`. */
async function living(name: string, not?: ProcessRecord): Promise<ProcessRecord> {
  for (;;) {
    const found = await record(name).catch(() => undefined);
    if (found !== undefined && found.pid !== not?.pid && (await isAlive(found))) return found;
    await sleep(50);
  }
}

async function kill(name: string): Promise<ProcessRecord> {
  const found = await living(name);
  process.kill(found.pid, 'SIGKILL');
  return found;
}

const SERVICES = ['temporal', 'reward', 'desk', 'worker'];
/** Waits until every service answers: the worker polls, the others and the server say so. */
async function healthy(): Promise<void> {
  for (;;) {
    const { stdout } = flywheel('status', '--json');
    const { stack, laps } = JSON.parse(stdout) as {
      stack: { services: Record<string, { running: boolean }> };
      laps: unknown;
    };
    const answers = ['REWARD', 'DESK'].map((name) =>
      fetch(`http://127.0.0.1:${env[`FLYWHEEL_${name}_PORT`]}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    if (
      laps !== null &&
      (await Promise.all(answers)).every(Boolean) &&
      SERVICES.every((name) => stack.services[name]?.running)
    )
      return;
    await sleep(200);
  }
}

test('two commands at once start one stack', async () => {
  const [program, words, options] = command('dev', '--detach');
  const codes = await Promise.all(
    [1, 2].map(
      () => new Promise((resolve) => spawn(program, words, { ...options, stdio: 'ignore' }).once('exit', resolve)),
    ),
  );
  expect(codes).toEqual([0, 0]);
  await healthy();
  const log = readFileSync(path.join(stateDir, 'logs', 'supervisor.log'), 'utf8');
  for (const name of SERVICES) expect(log.match(new RegExp(`${name}: process \\d+ started`, 'g'))).toHaveLength(1);
});

test.each(SERVICES)('%s is started again when it is killed', async (name) => {
  const killed = await kill(name);
  await living(name, killed);
  await healthy();
});

test('who is signed in at the desk stays so when it is killed, until they are revoked', async () => {
  const desk = `http://127.0.0.1:${env['FLYWHEEL_DESK_PORT']}`;
  const { token } = JSON.parse(flywheel('annotators', 'add', 'ada', '--json').stdout) as { token: string };
  const page = await fetch(`${desk}/sign-in`);
  const [, ticket = ''] = /name="_csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
  const cookiesOf = ({ headers }: Response): string =>
    headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ');
  const entered = await fetch(`${desk}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ token, _csrf: ticket }),
    headers: { cookie: cookiesOf(page), origin: desk },
    redirect: 'manual',
  });
  expect(entered.status).toBe(303);
  const home = () => fetch(desk, { headers: { cookie: cookiesOf(entered) }, redirect: 'manual' });
  expect((await home()).status).toBe(200);

  await living('desk', await kill('desk'));
  await healthy();
  expect((await home()).status).toBe(200);

  expect(flywheel('annotators', 'revoke', 'ada').status).toBe(0);
  while ((await home()).status === 200) await sleep(100);
  expect((await home()).headers.get('location')).toContain('/sign-in');
});

test('doctor says that the desk answers', () => {
  const { checks } = JSON.parse(flywheel('doctor', '--json').stdout) as { checks: { name: string }[] };
  expect(checks.find(({ name }) => name === 'annotation desk')).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining(`answers at http://127.0.0.1:${env['FLYWHEEL_DESK_PORT']}`),
  });
});

test('what a killed supervisor leaves running is adopted by the next command', async () => {
  const before = await Promise.all(SERVICES.map((name) => living(name)));
  await kill('supervisor');
  expect(flywheel('dev', '--detach').status).toBe(0);
  const after = await Promise.all(SERVICES.map((name) => living(name)));
  expect(after.map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
});

test('a lap with a bad field fails with a message that names it, and exit code 1', async () => {
  const { status, stderr } = flywheel('lap', '--preset', 'paper');
  expect(stderr).toMatch(/The lap failed: Preset paper needs .*Expected training\.cluster/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(status).toBe(1);
});

test('stop ends every process, supervised or orphaned, and says which', async () => {
  const running = await Promise.all(['supervisor', ...SERVICES].map((name) => living(name)));
  await kill('supervisor');
  const { status, stderr } = flywheel('stop');
  expect(status).toBe(0);
  for (const name of SERVICES) expect(stderr).toContain(`${name}: stopped`);
  expect(await Promise.all(running.map(isAlive))).toEqual(running.map(() => false));
  expect(
    readdirSync(path.join(stateDir, 'run')).filter((name) =>
      /^(supervisor|temporal|reward|desk|worker|owner)\.json$/.test(name),
    ),
  ).toEqual([]);
});

test('Ctrl-C on the command that started the stack stops all of it; its ports and token stay for the next time', async () => {
  const [program, words, options] = command('dev');
  const child = spawn(program, words, { ...options, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await healthy();
  const running = await Promise.all(['supervisor', ...SERVICES].map((name) => living(name)));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(await Promise.all(running.map(isAlive))).toEqual(running.map(() => false));
  expect(existsSync(path.join(stateDir, 'run', 'ports.json'))).toBe(true);
});

test('a desk whose port another program has taken by its next start goes to another, which is told', async () => {
  delete env['FLYWHEEL_DESK_PORT'];
  expect(flywheel('dev', '--detach').status).toBe(0);
  const ports = (): { desk: number } =>
    JSON.parse(readFileSync(path.join(stateDir, 'run', 'ports.json'), 'utf8')) as { desk: number };
  const before = ports().desk;
  const killed = await kill('desk');
  while (await isAlive(killed)) await sleep(10);
  const stranger = createServer().listen(before, '127.0.0.1');
  try {
    await living('desk', killed);
    expect(ports().desk).not.toBe(before);
    env['FLYWHEEL_DESK_PORT'] = String(ports().desk);
    await healthy();
  } finally {
    stranger.close();
    flywheel('stop');
  }
});
