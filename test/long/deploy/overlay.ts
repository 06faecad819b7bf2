import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll, dump } from 'js-yaml';
import { config } from '../../../temporal.config.ts';

export const BASE = path.join(config.root, 'deploy', 'kubernetes', 'base');

/** The objects of the manifests as a site would apply them. */
export function rendered(folder = BASE): { kind: string; metadata: { name: string }; data?: Record<string, string> }[] {
  return loadAll(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })) as ReturnType<typeof rendered>;
}

interface Place {
  readonly folder: string;
  /** Of the processes: their state, and where Temporal and each other are. */
  readonly settings: Readonly<Record<string, string>>;
  readonly kubeconfig: string;
  /** The first of five ports that are free. */
  readonly watchPort: number;
}

/** In the order of their ports (temporal.config.ts). */
const PROCESSES = ['orchestrator', 'inference', 'training', 'reward-service', 'desk'];

/**
 * An overlay for a node that runs containers' commands as processes of this machine: the manifests as they are, but for
 * the image's own command, addresses, and rolling updates, since here two pods would want one port.
 * @returns its folder.
 */
export function overlayFor({ folder, settings, kubeconfig, watchPort }: Place): string {
  const at = path.join(folder, 'overlay');
  mkdirSync(at);
  const files = rendered().find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'flywheel-files');
  const template = path.join(folder, 'job.yaml');
  writeFileSync(template, (files?.data?.['job.yaml'] ?? '').replaceAll('/opt/proof-flywheel', config.root));
  const cluster = {
    kind: 'kubernetes',
    kubeconfig,
    namespace: 'flywheel',
    template,
    graceSeconds: 30,
    sharesMachine: true,
    lookEveryMs: 500,
  };
  const data = {
    ...settings,
    FLYWHEEL_CLUSTERS: JSON.stringify({ local: { kind: 'local' }, k8s: cluster }),
    FLYWHEEL_METRICS_HOST: '127.0.0.1',
    FLYWHEEL_METRICS_PORT: String(watchPort),
    FLYWHEEL_REWARD_HOST: '127.0.0.1',
    FLYWHEEL_DESK_HOST: '127.0.0.1',
    FLYWHEEL_DESK_URL: '',
  };
  const command = [process.execPath, path.join(config.root, 'cli', 'flywheel.mjs')];
  const containers = [{ name: 'flywheel', command, workingDir: config.root }];
  const spec = { replicas: 1, strategy: { type: 'Recreate', rollingUpdate: null }, template: { spec: { containers } } };
  const patch = (target: object, change: object) => ({ target, patch: dump(change) });
  writeFileSync(
    path.join(at, 'kustomization.yaml'),
    dump({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [path.relative(at, BASE)],
      patches: [
        patch({ kind: 'Deployment' }, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'any' }, spec }),
        patch(
          { kind: 'ConfigMap', name: 'flywheel-settings' },
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'flywheel-settings' }, data },
        ),
        ...PROCESSES.map((name, index) => ({
          target: { kind: 'Deployment', name: `flywheel-${name}` },
          patch: dump([
            { op: 'replace', path: '/spec/template/spec/containers/0/ports/0/containerPort', value: watchPort + index },
          ]),
        })),
      ],
    }),
  );
  return at;
}

/** The kubeconfig of a service account: with the rights of the manifests, and no others. */
export function accountConfig(owner: string, token: string, file: string): string {
  const whole = JSON.parse(readFileSync(owner, 'utf8')) as { users: unknown[] };
  writeFileSync(file, JSON.stringify({ ...whole, users: [{ name: 'u', user: { token } }] }), { mode: 0o600 });
  return file;
}
