import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { proveCluster, type ClusterFinding, type ProvingMeans } from '../../../activities/clusters/prove.ts';
import type { Cluster } from '../../../activities/clusters/types.ts';
import { localCluster } from './fixture.ts';

jest.setTimeout(180_000);

let server: Server;
let folder: string;
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  // As the reward service: nothing for who has no token, and no such path for who has.
  server = createServer(({ headers }, response) =>
    response.writeHead(headers.authorization === 'Bearer secret' ? 404 : 401).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-prove-'));
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

const means = (more: Partial<ProvingMeans> = {}): ProvingMeans => ({
  folder: path.join(folder, 'probe'),
  jobKey: `doctor/${Math.random().toString(36).slice(2)}`,
  python: process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3',
  reward: { publicUrl: url(), tokenEnv: 'TEST_TOKEN' },
  env: { TEST_TOKEN: 'secret' },
  asked: { nodes: 1, gpusPerNode: 0 },
  graceMs: 20_000,
  patienceMs: 120_000,
  signal: new AbortController().signal,
  ...more,
});
async function proved(given: ProvingMeans, cluster: Cluster = localCluster(folder)): Promise<ClusterFinding[]> {
  const findings: ClusterFinding[] = [];
  for await (const finding of proveCluster(cluster, given)) findings.push(finding);
  return findings;
}
const bad = (findings: readonly ClusterFinding[]) => findings.filter(({ state }) => state === 'bad');

test('a cluster is proved by a job that writes, asks for rewards, saves when it is stopped, and goes on', async () => {
  const findings = await proved(means());
  const names = ['room', 'reward address', 'a job', 'GPUs', 'reward service', 'a stop', 'a second attempt'];
  expect(findings.map(({ name }) => name)).toEqual(names);
  expect(bad(findings)).toEqual([]);
  expect(existsSync(path.join(folder, 'probe'))).toBe(false);
});

test('a token that is another one, and GPUs that are not there, are said with what to do; the rest is proved all the same', async () => {
  const findings = await proved(means({ env: { TEST_TOKEN: 'another' }, asked: { nodes: 1, gpusPerNode: 1 } }));
  expect(bad(findings).map(({ name }) => name)).toEqual(['GPUs', 'reward service']);
  expect(bad(findings)[1]?.detail).toContain('it answers 401, so the token is another one. Start `flywheel dev`');
  expect(findings.at(-1)).toMatchObject({ name: 'a second attempt', state: 'ok' });
});

test('a job that ends before it has said anything is told with the end of its log', async () => {
  const findings = await proved(means({ python: '/no/such/python' }));
  expect(bad(findings)).toEqual([
    { name: 'a job', state: 'bad', detail: expect.stringMatching(/ended without: its log ends with .*no.such.python/) },
  ]);
});
