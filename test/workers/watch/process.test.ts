import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePort } from '../../../activities/processes/ports.ts';

const root = path.join(__dirname, '..', '..', '..');
let env: TestWorkflowEnvironment;
let port: number;
beforeAll(async () => {
  port = await freePort();
  env = await TestWorkflowEnvironment.createLocal({
    server: {
      ip: '127.0.0.1',
      port,
      executable: { type: 'existing-path', path: process.env['TEMPORAL_CLI_PATH'] as string },
    },
  });
});
afterAll(() => env.teardown());

const state = mkdtempSync(path.join(tmpdir(), 'flywheel-watched-'));
afterAll(() => rm(state, { recursive: true, force: true }));

/** A process of ours, against the test's server, until SIGTERM. */
function start(...words: string[]): { readonly ended: Promise<unknown>; readonly end: () => void } {
  const child = spawn(process.execPath, ['--import', 'tsx', ...words], {
    cwd: root,
    env: {
      ...process.env,
      FLYWHEEL_STATE: state,
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
      FLYWHEEL_REWARD_TOKEN: 'a-token-of-thirty-two-characters!',
      FLYWHEEL_REWARD_PORT: String(40_000 + (process.pid % 10_000)),
      FLYWHEEL_DESK_PORT: String(50_000 + (process.pid % 10_000)),
    },
    stdio: 'ignore',
  });
  return { ended: once(child, 'exit'), end: () => void child.kill('SIGTERM') };
}

/** Where the state folder says that a process shows its metrics. */
async function addressOf(name: string): Promise<string> {
  const folder = path.join(state, 'run', 'metrics');
  for (;;) {
    const files = (() => {
      try {
        return readdirSync(folder);
      } catch {
        return []; // it has not started yet
      }
    })();
    const file = files.find((one) => one.startsWith(`${name}-`));
    if (file !== undefined) {
      const [group] = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as [{ targets: [string] }];
      return `http://${group.targets[0]}`;
    }
    await sleep(50);
  }
}

async function untilReady(address: string): Promise<void> {
  while ((await fetch(`${address}/readyz`)).status !== 200) await sleep(50);
}

test.each([
  ['inference', ['cli/main.ts', 'worker', 'inference'], ['flywheel_process_ready{process="inference"} 1', 'temporal_']],
  ['reward', ['workers/reward-service/main.ts'], ['flywheel_process_ready{process="reward"} 1']],
  ['desk', ['workers/annotation-desk/main.ts'], ['flywheel_process_ready{process="desk"} 1']],
])(
  '%s is found by its state folder, is ready when it works, and is forgotten when it ends',
  async (name, script, words) => {
    const process = start(...script);
    const address = await addressOf(name);
    await untilReady(address);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    for (const word of words) expect(metrics).toContain(word);
    process.end();
    await process.ended;
    expect(readdirSync(path.join(state, 'run', 'metrics'))).toEqual([]);
  },
);
