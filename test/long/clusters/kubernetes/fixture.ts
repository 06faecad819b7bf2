import path from 'node:path';
import { KubernetesCluster } from '../../../../activities/clusters/kubernetes/kubernetes.ts';
import { kubernetesSettings } from '../../../../activities/clusters/kubernetes/settings.ts';

/** What a site writes; a node of these tests pulls no image. */
const TEMPLATE = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  spec: {
    template: {
      spec: {
        containers: [{ name: 'trainer', image: 'trainer:test', workingDir: process.cwd() }],
        tolerations: ['not-ready', 'unreachable'].map((key) => ({
          key: `node.kubernetes.io/${key}`,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 3,
        })),
      },
    },
  },
};

/** The same with other fields of its container, and of its spec. */
export function templateWith(container: object, spec: object = {}) {
  const { spec: pod } = TEMPLATE.spec.template;
  const containers = [{ ...pod.containers[0], ...container }];
  return { ...TEMPLATE, spec: { ...spec, template: { spec: { ...pod, containers } } } };
}

/** A Kubernetes cluster as one of an installation whose records are in the folder. */
export function kubernetesCluster(kubeconfig: string, folder: string, more: object = {}): KubernetesCluster {
  return new KubernetesCluster(
    'k8s',
    kubernetesSettings.parse({
      kind: 'kubernetes',
      kubeconfig,
      namespace: 'default',
      template: TEMPLATE,
      graceSeconds: 30,
      sharesMachine: true,
      lookEveryMs: 50,
      ...more,
    }),
    { folder: path.join(folder, 'run'), root: process.cwd(), env: {} },
  );
}
