import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../../activities/processes/ports.ts';

const KUBE = process.env['FLYWHEEL_TEST_KUBE'] ?? '';
const TOKEN = randomBytes(16).toString('hex');
const CONTROLLERS =
  'job-controller,garbage-collector-controller,pod-garbage-collector-controller,namespace-controller,' +
  'node-lifecycle-controller,taint-eviction-controller,ttl-after-finished-controller,deployment-controller,' +
  'replicaset-controller,disruption-controller,persistentvolume-binder-controller,endpointslice-controller';

export type Part = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler' | `node-${string}`;

/** A real control plane of Kubernetes on loopback, with nodes that run containers' commands as processes (node.ts). */
export class ControlPlane {
  #base = '';
  #port = 0;
  readonly #children = new Map<Part, ChildProcess>();
  readonly #commands = new Map<Part, readonly string[]>();
  readonly #nodePorts = new Map<string, number>();

  get kubeconfig(): string {
    return path.join(this.#base, 'kubeconfig');
  }

  /** @throws naming what is missing, and how it is made. */
  async start(nodes: readonly string[]): Promise<void> {
    if (!existsSync(KUBE))
      throw new Error(
        'Expected FLYWHEEL_TEST_KUBE to be a control plane of Kubernetes, got ' +
          `${JSON.stringify(KUBE)}: test/long/clusters/kubernetes/build/build.sh FILE builds one (Go 1.24, 8 minutes ` +
          'of a core, 4 GB of disk)',
      );
    this.#base = await mkdtemp(path.join(tmpdir(), 'flywheel-kube-'));
    mkdirSync(this.#file('certs'));
    mkdirSync(this.#file('log'));
    execFileSync('openssl', ['genrsa', '-out', this.#file('sa.key'), '2048'], { stdio: 'ignore' });
    writeFileSync(this.#file('tokens.csv'), `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });
    const [etcd, peer, port, manager, scheduler] = await Promise.all(Array.from({ length: 5 }, () => freePort()));
    this.#port = port ?? 0;
    const at = (of: number | undefined) => `http://127.0.0.1:${of}`;
    const served = (of: number | undefined) =>
      `--bind-address=127.0.0.1 --secure-port=${of} --cert-dir=${this.#file('certs')}`;
    const flags = (text: string) => text.trim().split(/\s+/);
    this.#commands.set(
      'etcd',
      flags(`--name=m --data-dir=${this.#file('etcd')} --log-level=warn --unsafe-no-fsync
        --listen-client-urls=${at(etcd)} --advertise-client-urls=${at(etcd)}
        --listen-peer-urls=${at(peer)} --initial-advertise-peer-urls=${at(peer)} --initial-cluster=m=${at(peer)}`),
    );
    const key = this.#file('sa.key');
    this.#commands.set(
      'apiserver',
      flags(`${served(port)} --etcd-servers=${at(etcd)} --advertise-address=127.0.0.1
        --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/24
        --token-auth-file=${this.#file('tokens.csv')} --authorization-mode=RBAC
        --disable-admission-plugins=ServiceAccount --service-account-issuer=https://kubernetes.default
        --service-account-key-file=${key} --service-account-signing-key-file=${key}`),
    );
    this.#commands.set(
      'controller-manager',
      flags(`${served(manager)} --kubeconfig=${this.kubeconfig} --leader-elect=false --controllers=${CONTROLLERS}
        --node-monitor-grace-period=12s --kube-api-qps=100 --kube-api-burst=200`),
    );
    this.#commands.set('scheduler', flags(`${served(scheduler)} --kubeconfig=${this.kubeconfig} --leader-elect=false`));
    writeFileSync(this.kubeconfig, this.#config(), { mode: 0o600 });
    this.run('etcd');
    this.run('apiserver');
    await this.ready();
    this.run('controller-manager');
    this.run('scheduler');
    for (const node of nodes) await this.node(node);
  }

  /** Starts a part, also after it was killed. */
  run(part: Part): void {
    const args = this.#commands.get(part) ?? [];
    const log = openSync(this.#file('log', part), 'a');
    const command = part.startsWith('node-') ? [process.execPath, ...args] : [KUBE, part, ...args];
    const [program = '', ...rest] = command;
    this.#children.set(part, spawn(program, rest, { stdio: ['ignore', log, log] }));
  }

  async ready(): Promise<void> {
    while ((await this.call('GET', '/readyz').catch(() => '')) !== 'ok') await sleep(200);
  }

  /** Another node, whose GPUs are pretended. */
  async node(name: string, gpus = 8): Promise<void> {
    const port = this.#nodePorts.get(name) ?? (await freePort());
    this.#nodePorts.set(name, port);
    const args = [this.#base, String(this.#port), TOKEN, name, String(port), String(gpus)];
    this.#commands.set(`node-${name}`, ['--import', 'tsx', path.join(import.meta.dirname, 'node.ts'), ...args]);
    this.run(`node-${name}`);
    while (!(await this.call('GET', `/api/v1/nodes/${name}`).catch(() => '')).includes('KubeletReady'))
      await sleep(200);
  }

  /** Ends a part at once, as a crash does; what it started lives on. */
  kill(part: Part): void {
    this.#children.get(part)?.kill('SIGKILL');
  }

  isUp(part: Part): boolean {
    const child = this.#children.get(part);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Holds a part (SIGSTOP), or lets it go on (SIGCONT). */
  pause(part: Part, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#children.get(part)?.kill(signal);
  }

  /** A call as the cluster's owner. */
  async call(method: string, at: string, body?: object): Promise<string> {
    const text = body && JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      ...(text !== undefined && {
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
    };
    const ca = readFileSync(this.#file('certs', 'apiserver.crt'));
    return new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', port: this.#port, path: at, method, headers, ca, signal: AbortSignal.timeout(10_000) },
        (response) => {
          let answer = '';
          response
            .setEncoding('utf8')
            .on('data', (chunk: string) => (answer += chunk))
            .on('end', () => resolve(answer));
        },
      )
        .on('error', reject)
        .end(text);
    });
  }

  /** Objects of the namespace `default`: `batch/v1/jobs`, `v1/pods`. */
  async list<T>(kind: string): Promise<T[]> {
    const [resource, ...group] = kind.split('/').toReversed();
    const root = group.length > 1 ? '/apis' : '/api';
    const at = `${root}/${group.toReversed().join('/')}/namespaces/default/${resource}`;
    return (JSON.parse(await this.call('GET', at)) as { items: T[] }).items;
  }

  async stop(): Promise<void> {
    for (const child of this.#children.values()) child.kill('SIGKILL');
    if (this.#base !== '') await rm(this.#base, { recursive: true, force: true });
  }

  #file(...parts: string[]): string {
    return path.join(this.#base, ...parts);
  }

  #config(): string {
    const certificate = this.#file('certs', 'apiserver.crt');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'c', cluster: { server: `https://127.0.0.1:${this.#port}`, 'certificate-authority': certificate } },
      ],
      users: [{ name: 'u', user: { token: TOKEN } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  }
}
