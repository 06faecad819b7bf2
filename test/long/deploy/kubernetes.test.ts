import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../activities/processes/ports.ts';
import { config } from '../../../temporal.config.ts';
import { ControlPlane } from '../clusters/kubernetes/controlPlane.ts';
import { accountConfig, BASE, overlayFor, rendered } from './overlay.ts';

/** The manifests against a real control plane, whose node runs containers' commands as processes of this machine. */
const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-manifests-'));
const plane = new ControlPlane();
let env: NodeJS.ProcessEnv;
let temporal: ChildProcess;

function kubectl(args: readonly string[], input?: object): { status: number | null; stdout: string; stderr: string } {
  const flags = ['--kubeconfig', plane.kubeconfig, ...args];
  return spawnSync('kubectl', flags, { encoding: 'utf8', ...(input && { input: JSON.stringify(input) }) });
}
function done(...args: string[]): string {
  const { status, stdout, stderr } = kubectl(args);
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}
const apply = (object: object): void => expect(kubectl(['apply', '-f', '-'], object)).toMatchObject({ status: 0 });

beforeAll(async () => {
  await plane.start(['n1']);
  done('create', 'namespace', 'flywheel');
  const ports = await Promise.all(Array.from({ length: 4 }, () => freePort()));
  const [server, reward, desk, model] = ports.map(String) as [string, string, string, string];
  const settings = {
    FLYWHEEL_STATE: path.join(folder, 'state'),
    TEMPORAL_ADDRESS: `127.0.0.1:${server}`,
    TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'] ?? '',
    FLYWHEEL_TRAINER_PYTHON: config.python,
    FLYWHEEL_REWARD_PORT: reward,
    FLYWHEEL_REWARD_URL: `http://127.0.0.1:${reward}`,
    FLYWHEEL_DESK_PORT: desk,
    FLYWHEEL_MODEL_PORT: model,
    OMP_NUM_THREADS: '1',
  };
  env = { ...process.env, ...settings, FLYWHEEL_STACK: 'deployed' };
  delete env['FLYWHEEL_CLUSTERS'];
  const words = `server start-dev --headless --ip 127.0.0.1 --port ${server} --log-level never`.split(' ');
  temporal = spawn(process.env['TEMPORAL_CLI_PATH'] ?? 'temporal', words, { stdio: 'ignore' });
  for (const [name, storage] of [
    ['flywheel-store', '2Ti'],
    ['flywheel-jobs', '2Gi'],
  ] as const)
    apply({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        hostPath: { path: folder },
        claimRef: { namespace: 'flywheel', name },
      },
    });
  for (const [name, key] of [
    ['flywheel-rewards', 'FLYWHEEL_REWARD_TOKEN'],
    ['flywheel-desk', 'FLYWHEEL_DESK_SECRET'],
    ['flywheel-codec', 'FLYWHEEL_CODEC_KEYS'],
  ] as const) {
    const secret =
      key === 'FLYWHEEL_CODEC_KEYS' ? `k1:${randomBytes(32).toString('base64')}` : randomBytes(24).toString('hex');
    env[key] = secret;
    done('create', 'secret', 'generic', name, '--namespace', 'flywheel', `--from-literal=${key}=${secret}`);
  }
});
afterAll(async () => {
  for (const { kind, metadata } of rendered())
    if (kind === 'Deployment')
      kubectl(['delete', 'deployment', metadata.name, '--namespace', 'flywheel', '--wait=false']);
  await sleep(3_000);
  temporal?.kill('SIGKILL');
  await plane.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

test('the API server takes every manifest in a dry run, by strict rules and without a warning', () => {
  const { status, stdout, stderr } = kubectl([
    'apply',
    '-k',
    BASE,
    '--server-side',
    '--dry-run=server',
    '--validate=strict',
  ]);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toHaveLength(rendered().length);
});

test('workers may submit trainings in their namespace, and services may do nothing', () => {
  done('apply', '-k', BASE, '--server-side');
  done('scale', 'deployment', '--all', '--replicas=0', '--namespace', 'flywheel');
  const can = (account: string, ...what: string[]): string =>
    kubectl(['auth', 'can-i', ...what, '--as', `system:serviceaccount:flywheel:${account}`]).stdout.trim();
  const inside = ['--namespace', 'flywheel'];
  for (const what of [
    ['create', 'jobs.batch'],
    ['delete', 'jobs.batch'],
    ['create', 'secrets'],
    ['get', 'pods', '--subresource=log'],
    ['delete', 'pods'],
  ]) {
    expect([what, can('flywheel-workers', ...what, ...inside)]).toEqual([what, 'yes']);
    expect([what, can('flywheel-workers', ...what, '--namespace', 'default')]).toEqual([what, 'no']);
    expect([what, can('flywheel', ...what, ...inside)]).toEqual([what, 'no']);
  }
  expect(can('flywheel-workers', 'list', 'nodes')).toBe('yes');
  expect(can('flywheel-workers', 'create', 'pods', ...inside)).toBe('no');
  expect(can('flywheel-workers', 'get', 'nodes')).toBe('no');
});

test('the processes become ready, and a lap whose workers are replaced in its middle ends well', async () => {
  const token = done('create', 'token', 'flywheel-workers', '--namespace', 'flywheel', '--duration=2h').trim();
  const kubeconfig = accountConfig(plane.kubeconfig, token, path.join(folder, 'kubeconfig'));
  const { FLYWHEEL_STACK: _, ...settings } = Object.fromEntries(
    Object.entries(env).filter(([name]) =>
      /^(TEMPORAL_|FLYWHEEL_(STATE|TRAINER|REWARD_(PORT|URL)|DESK_PORT|MODEL)|OMP)/.test(name),
    ),
  ) as Record<string, string>;
  const overlay = overlayFor({ folder, settings, kubeconfig, watchPort: 20_000 + (process.pid % 5_000) * 5 });
  done('apply', '-k', overlay, '--server-side', '--force-conflicts');
  const deployments = rendered().flatMap(({ kind, metadata }) => (kind === 'Deployment' ? [metadata.name] : []));
  for (const name of deployments)
    done('rollout', 'status', `deployment/${name}`, '--namespace', 'flywheel', '--timeout=240s');

  const flywheel = (...args: string[]): { child: ChildProcess; exit: Promise<number | null>; output(): string } => {
    const child = spawn(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), ...args], {
      env,
      cwd: config.root,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
    return { child, exit: new Promise((resolve) => child.once('exit', resolve)), output: () => output };
  };
  for (const command of ['prepare', 'set-current']) expect(await flywheel('deployment', command).exit).toBe(0);
  env['FLYWHEEL_CLUSTERS'] = done(
    'get',
    'configmap',
    'flywheel-settings',
    '-n',
    'flywheel',
    '-o',
    'jsonpath={.data.FLYWHEEL_CLUSTERS}',
  );
  const lap = flywheel('lap', '--preset', 'smoke', '--set', 'training.cluster=k8s');
  const jobs = path.join(folder, 'state', 'store', 'jobs');
  const isTraining = (): boolean =>
    existsSync(jobs) && readdirSync(jobs, { recursive: true }).some((name) => String(name).endsWith('metrics.jsonl'));
  while (!isTraining()) {
    if (lap.child.exitCode !== null) throw new Error(`The lap has ended:\n${lap.output()}`);
    await sleep(200);
  }
  const workers = deployments.filter((name) => /orchestrator|inference|training/.test(name));
  for (const name of workers) done('rollout', 'restart', `deployment/${name}`, '--namespace', 'flywheel');
  expect([await lap.exit, lap.output()]).toEqual([0, expect.stringContaining('Lap main/lap-0001 is done.')]);

  const { items } = JSON.parse(done('get', 'jobs', '--namespace', 'flywheel', '-o', 'json')) as {
    items: { status: { succeeded?: number } }[];
  };
  // A Job whose trainer had its result before its pod had ended was ended by its watcher.
  expect(items.map(({ status }) => status.succeeded)).toEqual(items.map(() => 1));
  const attempts = readdirSync(jobs, { recursive: true }).filter((name) => /attempt-\d+\.json$/.test(String(name)));
  expect(attempts.map((name) => path.basename(String(name)))).toEqual(
    Array.from({ length: 5 }, () => 'attempt-1.json'),
  );
  const pods = JSON.parse(done('get', 'pods', '--namespace', 'flywheel', '-o', 'json')) as {
    items: { metadata: { name: string }; status: { containerStatuses: { restartCount: number }[] } }[];
  };
  expect(
    pods.items.filter(({ status }) => status.containerStatuses.some(({ restartCount }) => restartCount > 0)),
  ).toEqual([]);
});
