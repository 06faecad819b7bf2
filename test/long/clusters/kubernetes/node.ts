/**
 * FAKE: a node of a cluster. It runs a container's command as a process of this machine, and tells the API server what
 * a kubelet tells. It pulls no image: those of `missing/` cannot be had. Killed, it is a lost node whose processes go
 * on; started again, it finds them.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, createReadStream, mkdirSync, openSync, readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [base = '', port = '', token = '', node = '', nodePort = '', gpus = ''] = process.argv.slice(2);
const ca = readFileSync(path.join(base, 'certs/apiserver.crt'));
const agent = new Agent({ keepAlive: true, ca });
const logs = path.join(base, 'pods');
mkdirSync(logs, { recursive: true });
/** What a runtime takes to end what a container's first process has left. */
const SWEEP_MS = 300;

interface Pod {
  metadata: {
    uid: string;
    namespace: string;
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
  };
  spec: { containers: Container[] };
  status: { phase: string; startTime?: string; containerStatuses?: { containerID?: string }[] };
}
interface Source {
  secretKeyRef?: { name: string; key: string };
  fieldRef?: { fieldPath: string };
}
interface Container {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: { name: string; value?: string; valueFrom?: Source }[];
  envFrom?: { secretRef?: Named; configMapRef?: Named }[];
  ports?: { name?: string; containerPort: number }[];
  readinessProbe?: { httpGet?: { path: string; port: string | number } };
}
interface Named {
  name: string;
  optional?: boolean;
}
interface Running {
  readonly pid: number;
  readonly startedAt: string;
  readonly file: string;
  readonly pod: Pod;
  ended?: boolean;
  /** And told. */
  over: boolean;
  killAt?: number;
}

function call<T>(method: string, url: string, body?: object, type = 'application/json') {
  return new Promise<{ code: number; body: T }>((resolve, reject) => {
    const text = body && JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token}`,
      ...(text !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
    };
    const signal = AbortSignal.timeout(5_000);
    request({ host: '127.0.0.1', port, path: url, method, agent, headers, signal }, (response) => {
      let answer = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => (answer += chunk))
        .on('error', reject)
        .on('end', () =>
          resolve({ code: response.statusCode ?? 0, body: JSON.parse(answer.startsWith('{') ? answer : '{}') as T }),
        );
    })
      .on('error', reject)
      .end(text);
  });
}
const patch = (url: string, body: object) => call('PATCH', url, body, 'application/strategic-merge-patch+json');
const now = () => new Date().toISOString().replace(/\.\d+Z/, 'Z');

async function register(): Promise<void> {
  const resources = { cpu: '64', memory: '256Gi', pods: '200', 'nvidia.com/gpu': gpus };
  const metadata = { name: node, labels: { 'kubernetes.io/hostname': node } };
  await call('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata });
  await patch(`/api/v1/nodes/${node}/status`, {
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: Number(nodePort) } },
    },
  });
  await beat();
}

async function beat(): Promise<void> {
  const url = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
  const spec = {
    holderIdentity: node,
    leaseDurationSeconds: 40,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  };
  const { code } = await call('PATCH', `${url}/${node}`, { spec }, 'application/merge-patch+json');
  if (code === 404) {
    const metadata = { name: node, namespace: 'kube-node-lease' };
    await call('POST', url, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
  }
  await patch(`/api/v1/nodes/${node}/status`, {
    status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now() }] },
  });
}

const running = new Map<string, Running>(); // by the pod's uid
const waiting = new Set<string>();

/** An end must not get lost while the API server is away. */
async function report(pod: Pod, phase: string, state: object, pid = 0, ready = phase === 'Running'): Promise<void> {
  const [container] = pod.spec.containers;
  const is = (type: string, yes: boolean) => ({ type, status: yes ? 'True' : 'False', lastTransitionTime: now() });
  const { namespace, name, uid } = pod.metadata;
  const one = {
    name: container?.name,
    image: container?.image,
    imageID: '',
    ...(pid !== 0 && { containerID: `process://${pid}` }),
    ready,
    started: ready,
    restartCount: 0,
    state,
  };
  const status = {
    phase,
    hostIP: '127.0.0.1',
    startTime: pod.status.startTime ?? now(),
    conditions: [is('PodScheduled', true), is('Initialized', true), is('Ready', ready), is('ContainersReady', ready)],
    containerStatuses: [one],
  };
  for (;;) {
    const url = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    const answer = await patch(url, { metadata: { uid }, status }).catch(() => undefined);
    if (answer && answer.code < 500) return;
    await sleep(500);
  }
}

/** @returns undefined while a Secret or ConfigMap of it is not there. */
async function environment(pod: Pod, container: Container): Promise<Record<string, string> | undefined> {
  const env: Record<string, string> = { PATH: process.env['PATH'] ?? '', HOSTNAME: pod.metadata.name };
  const kept = async (kind: 'secrets' | 'configmaps', of = '') => {
    const url = `/api/v1/namespaces/${pod.metadata.namespace}/${kind}/${of}`;
    const { code, body } = await call<{ data?: Record<string, string> }>('GET', url);
    if (code !== 200) return undefined;
    const plain = (value: string) => (kind === 'secrets' ? Buffer.from(value, 'base64').toString() : value);
    return new Map(Object.entries(body.data ?? {}).map(([key, value]) => [key, plain(value)]));
  };
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    const found = secretRef ? await kept('secrets', secretRef.name) : await kept('configmaps', configMapRef?.name);
    if (found === undefined && !(secretRef ?? configMapRef)?.optional) return undefined;
    for (const [name, value] of found ?? []) env[name] = value;
  }
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    const { secretKeyRef: of, fieldRef } = valueFrom ?? {};
    const secret = of && (await kept('secrets', of.name))?.get(of.key);
    if (of && secret === undefined) return undefined;
    env[name] = secret ?? (fieldRef ? fieldOf(pod, fieldRef.fieldPath) : value);
  }
  return env;
}

/** Of the fields that a pod may ask for, its labels and annotations: the number of an indexed Job's is one. */
function fieldOf({ metadata }: Pod, fieldPath: string): string {
  const [, kind, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath) ?? [];
  return (kind === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? '';
}

/** Whether it is ready, as its probe says, for as long as it runs; without a probe it is so at once. */
async function probe(record: Running, container: Container): Promise<void> {
  const { httpGet } = container.readinessProbe ?? {};
  if (httpGet === undefined) return;
  const port = container.ports?.find(({ name }) => name === httpGet.port)?.containerPort ?? httpGet.port;
  for (let was: boolean | undefined = false; !record.ended; await sleep(500)) {
    const { ok: is } = await fetch(`http://127.0.0.1:${port}${httpGet.path}`).catch(() => ({ ok: false }));
    if (is === was || record.ended) continue;
    await report(record.pod, 'Running', { running: { startedAt: record.startedAt } }, record.pid, is);
    was = is;
  }
}

async function start(pod: Pod): Promise<void> {
  const { uid, namespace, name } = pod.metadata;
  const [container] = pod.spec.containers;
  if (container === undefined) return;
  const wait = (reason: string, message: string) => report(pod, 'Pending', { waiting: { reason, message } });
  if (container.image?.startsWith('missing/')) {
    if (waiting.has(uid)) return;
    waiting.add(uid);
    return wait('ErrImagePull', `failed to pull image "${container.image}": not found`);
  }
  const env = await environment(pod, container);
  if (env === undefined) {
    if (waiting.has(uid)) return;
    waiting.add(uid);
    return wait('CreateContainerConfigError', 'a secret is not found');
  }
  const file = path.join(logs, `${namespace}_${name}_${uid}.log`);
  const [program = 'true', ...args] = [...(container.command ?? []), ...(container.args ?? [])];
  const out = openSync(file, 'a');
  const child = spawn(program, args, {
    cwd: container.workingDir ?? '/',
    env,
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  const { pid = 0 } = child;
  const record: Running = { pid, startedAt: now(), file, pod, over: false };
  running.set(uid, record);
  child.on('error', (error) => appendFileSync(file, `${error.message}\n`));
  const SIGNALS: Record<string, number> = { SIGTERM: 15, SIGKILL: 9, SIGINT: 2 };
  const ended = new Promise<number>((resolve) =>
    child
      .on('exit', (code, signal) => resolve(code ?? 128 + (SIGNALS[signal ?? ''] ?? 1)))
      .on('error', () => resolve(128)),
  );
  const isReady = container.readinessProbe?.httpGet === undefined;
  if (pid !== 0) await report(pod, 'Running', { running: { startedAt: record.startedAt } }, pid, isReady);
  void probe(record, container);
  await over(record, await ended);
}

/** A process of an earlier run of this node, whose exit code nobody will know. */
async function adopt(pod: Pod): Promise<void> {
  const { uid, namespace, name } = pod.metadata;
  const pid = Number(/^process:\/\/(\d+)$/.exec(pod.status.containerStatuses?.[0]?.containerID ?? '')?.[1] ?? 0);
  const file = path.join(logs, `${namespace}_${name}_${uid}.log`);
  const record: Running = { pid, startedAt: pod.status.startTime ?? now(), file, pod, over: false };
  running.set(uid, record);
  await report(pod, 'Running', { running: { startedAt: record.startedAt } }, pid);
  while (signal(pid, 0)) await sleep(300);
  await over(record, 137);
}

async function over(record: Running, exitCode: number): Promise<void> {
  record.ended = true;
  if (record.killAt === undefined) await sleep(SWEEP_MS);
  signal(-record.pid, 'SIGKILL');
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  const terminated = { exitCode, reason, startedAt: record.startedAt, finishedAt: now() };
  await report(record.pod, exitCode === 0 ? 'Succeeded' : 'Failed', { terminated }, record.pid);
  record.over = true;
}

function signal(pid: number, which: NodeJS.Signals | 0): boolean {
  try {
    return Math.abs(pid) > 1 && process.kill(pid, which);
  } catch {
    return false; // it has ended
  }
}

const remove = ({ metadata: { namespace, name, uid } }: Pod) =>
  call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0, preconditions: { uid } });

/** Asks once, and kills when the time is up, which others may shorten meanwhile. */
function end(record: Running, { metadata }: Pod): void {
  const deadline = Date.parse(metadata.deletionTimestamp ?? '');
  if (record.killAt === undefined) signal(record.pid, 'SIGTERM'); // of a container, its first process alone
  record.killAt = Math.min(record.killAt ?? Infinity, deadline);
  if (Date.now() > record.killAt) signal(-record.pid, 'SIGKILL');
}

const starting = new Set<string>();
async function look(): Promise<void> {
  const { body } = await call<{ items?: Pod[] }>('GET', `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`);
  for (const pod of body.items ?? []) {
    const { uid, deletionTimestamp } = pod.metadata;
    const record = running.get(uid);
    const fail = (error: Error) => process.stderr.write(`${pod.metadata.name}: ${error.stack}\n`);
    if (!record && pod.status.phase === 'Running') void adopt(pod).catch(fail);
    else if (deletionTimestamp !== undefined) {
      if (!record || record.over) await remove(pod);
      else end(record, pod);
    } else if (!record && pod.status.phase === 'Pending' && !starting.has(uid)) {
      starting.add(uid);
      void start(pod)
        .catch(fail)
        .finally(() => starting.delete(uid));
    }
  }
}

createServer({ key: readFileSync(path.join(base, 'certs/apiserver.key')), cert: ca }, (asked, response) => {
  const [, kind, namespace, name] = new URL(asked.url ?? '/', 'https://x').pathname.split('/');
  const record = [...running.values()].findLast(
    ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
  );
  if (kind !== 'containerLogs' || !record) response.writeHead(404).end(`no log of ${name}\n`);
  else createReadStream(record.file).pipe(response);
}).listen(Number(nodePort), '127.0.0.1');

for (;;) {
  try {
    await register();
    break;
  } catch {
    await sleep(500);
  }
}
setInterval(() => void beat().catch(() => undefined), 3_000);
for (;;) {
  await look().catch(() => undefined);
  await sleep(100);
}
