import path from 'node:path';
import { KubernetesCluster } from '../../../../activities/clusters/kubernetes/kubernetes.ts';
import { kubernetesSettings } from '../../../../activities/clusters/kubernetes/settings.ts';

const TOLERATIONS = ['not-ready', 'unreachable'].map((key) => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 3,
}));

/** A pod that a site writes; a node of these tests pulls no image. */
const podWith = (container: object) => ({
  spec: {
    containers: [{ name: 'trainer', image: 'trainer:test', workingDir: process.cwd(), ...container }],
    tolerations: TOLERATIONS,
  },
});
/** Of a runtime of Kubeflow. */
export const RUNTIME_POD = podWith({ name: 'node' });

/** What a site writes, with other fields of its container, and of its spec. */
export function templateWith(container: object = {}, spec: object = {}) {
  return { apiVersion: 'batch/v1', kind: 'Job', spec: { ...spec, template: podWith(container) } };
}

/** The same as other objects that are an attempt. */
export const TEMPLATES = {
  JobSet: {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    spec: { replicatedJobs: [{ name: 'trainer', template: { spec: { template: podWith({}) } } }] },
  },
  RayJob: {
    apiVersion: 'ray.io/v1',
    kind: 'RayJob',
    spec: {
      rayClusterSpec: {
        headGroupSpec: { rayStartParams: {}, template: podWith({ name: 'ray-head' }) },
        workerGroupSpecs: [{ groupName: 'nodes', rayStartParams: {}, template: podWith({ name: 'ray-worker' }) }],
      },
    },
  },
  TrainJob: {
    apiVersion: 'trainer.kubeflow.org/v1alpha1',
    kind: 'TrainJob',
    spec: { runtimeRef: { name: 'flywheel' } },
  },
} as const;

/** A Kubernetes cluster as one of an installation whose records are in the folder. */
export function kubernetesCluster(kubeconfig: string, folder: string, more: object = {}): KubernetesCluster {
  return new KubernetesCluster(
    'k8s',
    kubernetesSettings.parse({
      kind: 'kubernetes',
      kubeconfig,
      namespace: 'default',
      template: templateWith(),
      graceSeconds: 30,
      sharesMachine: true,
      lookEveryMs: 50,
      ...more,
    }),
    { folder: path.join(folder, 'run'), root: process.cwd(), env: {} },
  );
}
