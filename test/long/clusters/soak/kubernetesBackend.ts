import type { Pod } from '../../../../activities/clusters/kubernetes/objects.ts';
import { ControlPlane, type Part } from '../kubernetes/controlPlane.ts';
import { kubernetesCluster, templateWith } from '../kubernetes/fixture.ts';
import { NAMED, networkCut, type Act, type Backend } from './backends.ts';

const NODES = ['n1', 'n2'];

/** A real control plane of Kubernetes, whose two nodes are fakes of ours. */
export function kubernetesBackend(): Backend {
  const plane = new ControlPlane();
  const env = Object.entries(NAMED).map(([name, value]) => ({ name, value }));
  const killed =
    (partOf: (which: number) => Part): Act =>
    async (which) => {
      const part = partOf(which);
      plane.kill(part);
      return () => {
        if (!plane.isUp(part)) plane.run(part);
      };
    };
  const paused =
    (partOf: (which: number) => Part): Act =>
    async (which) => {
      const part = partOf(which);
      plane.pause(part, 'SIGSTOP');
      return () => plane.pause(part, 'SIGCONT');
    };
  const nodeOf = (which: number): Part => `node-${NODES[Math.floor(which * NODES.length)]}`;
  const ofPod =
    (act: (pod: Pod) => Promise<(() => Promise<void>) | void>): Act =>
    async (which) => {
      const pods = (await plane.list<Pod>('v1/pods').catch(() => [])).filter(
        ({ status }) => status?.phase === 'Running',
      );
      const pod = pods[Math.floor(which * pods.length)];
      return (pod && (await act(pod).catch(() => undefined))) ?? (() => undefined);
    };
  return {
    start: () => plane.start(NODES),
    stop: () => plane.stop(),
    open: (folder) =>
      kubernetesCluster(plane.kubeconfig, folder, {
        template: templateWith({ env }),
        lookEveryMs: 500,
        graceSeconds: 5,
      }),
    faults: {
      'the API server is killed': { lastsMs: 8_000, act: killed(() => 'apiserver') },
      'the API server is held': { lastsMs: 10_000, act: paused(() => 'apiserver') },
      'etcd is killed': { lastsMs: 8_000, act: killed(() => 'etcd') },
      'etcd is held': { lastsMs: 8_000, act: paused(() => 'etcd') },
      'the controllers are killed': { lastsMs: 10_000, act: killed(() => 'controller-manager') },
      'the scheduler is killed': { lastsMs: 8_000, act: killed(() => 'scheduler') },
      'a node is killed, and comes back at once': { lastsMs: 4_000, act: killed(nodeOf) },
      'a node is lost, and comes back': { lastsMs: 40_000, act: killed(nodeOf) },
      'a node is held': { lastsMs: 15_000, act: paused(nodeOf) },
      'a pod is evicted': {
        lastsMs: 0,
        act: ofPod(async ({ metadata: { name } }) => {
          const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } };
          await plane.call('POST', `/api/v1/namespaces/default/pods/${name}/eviction`, eviction);
        }),
      },
      'a job is deleted by somebody': {
        lastsMs: 0,
        act: ofPod(async ({ metadata: { labels } }) => {
          const job = labels?.['batch.kubernetes.io/job-name'];
          const propagation = { propagationPolicy: 'Background' };
          await plane.call('DELETE', `/apis/batch/v1/namespaces/default/jobs/${job}`, propagation);
        }),
      },
      'a job is suspended, and resumed': {
        lastsMs: 6_000,
        act: ofPod(async ({ metadata: { labels } }) => {
          const at = `/apis/batch/v1/namespaces/default/jobs/${labels?.['batch.kubernetes.io/job-name']}`;
          await plane.call('PATCH', at, { spec: { suspend: true } });
          return async () => {
            for (let tries = 0; tries < 40; tries += 1) {
              const answer = await plane.call('PATCH', at, { spec: { suspend: false } }).catch(() => undefined);
              if (answer !== undefined) return;
            }
          };
        }),
      },
      'the network is cut': { lastsMs: 15_000, act: networkCut },
    },
  };
}
