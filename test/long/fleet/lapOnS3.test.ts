import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { config } from '../../../temporal.config.ts';
import { lapWorld, undisturbed, type LapWorld } from '../../lapWorld.ts';
import { BUCKET, S3Server } from '../store/s3Server.ts';

const LAP = ['lap', '--preset', 'smoke', '--seed', '1'];
const LABELS = 'labels/main/lap-0001/label/verdicts/labels.jsonl';
const SERVE = ['-m', 'trainer.serve', '--checkpoints', '{checkpoint}/..', '--max-context', '1024'];
const POOL = {
  cluster: 'local',
  command: ['env', 'MODEL={model}', config.python, ...SERVE, '--host', '{host}', '--port', '{port}'],
  replicas: { min: 2 },
  concurrency: 16,
};
/** How long the S3 server is away each time. */
const AWAY_MS = 12_000;

let server: S3Server;
let world: LapWorld;
let onFolder: LapWorld;
const kills: number[] = [];
beforeAll(async () => {
  onFolder = await undisturbed(...LAP);
  server = await S3Server.start();
  world = await lapWorld({
    ...server.environment,
    AWS_ENDPOINT_URL_S3: server.endpoint,
    FLYWHEEL_STORE: `s3://${BUCKET}/laps`,
    FLYWHEEL_CACHE: path.join(server.folder, 'cache'),
    FLYWHEEL_POOLS: JSON.stringify({ judges: POOL }),
  });
}, 1_800_000);
afterAll(async () => {
  await world?.dispose();
  await onFolder?.dispose();
  await server?.kill();
  if (server !== undefined) await rm(server.folder, { recursive: true, force: true });
}, 180_000);

test('a lap with its store on S3 and its models in a pool ends as on a folder, replicas and S3 killed while it labels', async () => {
  const command = world.start(...LAP, '--set', 'inference.engine=pool');
  let ended = false;
  void command.exit.then(() => (ended = true));
  while (!ended && kills.length < 2) {
    await sleep(500);
    if (!command.output().includes('scaleVerification · calls')) continue;
    kills.push(killOneReplica());
    await server.kill();
    await sleep(AWAY_MS);
    await server.up();
    await sleep(AWAY_MS);
  }
  expect([await command.exit, command.output()]).toEqual([0, expect.any(String)]);
  expect(kills.length).toBeGreaterThan(0);
  expect(readdirSync(stored('checkpoints')).sort()).toEqual(readdirSync(onFolder.path('store', 'checkpoints')).sort());
  expect(decisions(stored(LABELS))).toEqual(decisions(onFolder.path('store', LABELS)));
}, 1_800_000);

/** Where the server keeps an object. */
const stored = (...parts: string[]): string => path.join(server.folder, 'data', BUCKET, 'laps', ...parts);

/** Of those that say where they listen and live, the engine of the first. */
function killOneReplica(): number {
  const pools = stored('serving', 'pools');
  for (const file of readdirSync(pools, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('address.json')) continue;
    const { pid } = JSON.parse(readFileSync(path.join(pools, file), 'utf8')) as { pid: number };
    try {
      process.kill(pid, 'SIGKILL');
      return pid;
    } catch {
      continue; // it has ended already
    }
  }
  throw new Error(`Expected a replica that lives below ${pools}, got none`);
}

const decisions = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly decision: unknown }).decision);
