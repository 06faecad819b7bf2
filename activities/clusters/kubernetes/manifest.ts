import { createHash } from 'node:crypto';
import type { JobAttempt } from '../types.ts';
import type { KubernetesSettings } from './settings.ts';

/** Labels of what is ours: it is listed by them. */
export const MANAGED = 'app.kubernetes.io/managed-by';
export const INSTALLATION = 'flywheel/installation';
/** Kubernetes' own labels of a Job's pods. */
export const JOB_NAME = 'batch.kubernetes.io/job-name';
export const JOB_UID = 'batch.kubernetes.io/controller-uid';
const JOB_KEY = 'flywheel/job-key';
const ATTEMPT = 'flywheel/attempt';
const LOG = 'flywheel/log';
const QUEUE = 'kueue.x-k8s.io/queue-name';

/**
 * The name of an attempt's Job, the same whoever submits it: the cluster itself keeps it from being there twice. A
 * label that holds it may have 63 characters.
 */
export function jobName(installation: string, jobKey: string, attempt: number): string {
  const digest = createHash('sha256').update(JSON.stringify([installation, jobKey, attempt]));
  return `fw-${digest.digest('hex').slice(0, 32)}`;
}

/** Which attempt a Job is, by its annotations. */
export function attemptOf(
  annotations: Readonly<Record<string, string>> = {},
): Pick<JobAttempt, 'jobKey' | 'attempt' | 'log'> {
  return { jobKey: annotations[JOB_KEY] ?? '', attempt: Number(annotations[ATTEMPT]), log: annotations[LOG] ?? '' };
}

/**
 * Before the trainer, in its place then: so that SIGTERM reaches it. Where the log's folder is, it is written there, as
 * a pod's own goes with the pod; and an attempt that has begun there does not begin again (a Job may replace its pod).
 */
export const BEGUN = 75;
const BEGIN = `
log=$1; begun=$2; shift 2
if [ -d "\${log%/*}" ] && [ -w "\${log%/*}" ]; then
  if ! (set -C; : > "$begun") 2>/dev/null; then
    [ -e "$begun" ] || { echo "No file can be made beside $log"; exit 74; }
    echo "This attempt has begun before"
    exit ${BEGUN}
  fi
  echo "Its log is $log"
  exec "$@" >> "$log" 2>&1
fi
exec "$@"
`;

/** The file that an attempt makes where its log is, once. */
export function begunFile(log: string, name: string): string {
  return `${log}.${name}.begun`;
}

/** What the above writes to the pod's own log when the real one is in the job's folder. */
export const ELSEWHERE = /^(Its log is .*|This attempt has begun before)\n/;

export interface Naming {
  readonly name: string;
  readonly installation: string;
  /** Name of the Secret with the job's environment. */
  readonly secret: string;
}

/** The Job of an attempt, from the site's template. It runs once: attempts are counted by who submits them. */
export function jobManifest(
  { jobKey, attempt, command, image, queue, resources, log }: Omit<JobAttempt, 'env'>,
  { name, installation, secret }: Naming,
  settings: Pick<KubernetesSettings, 'template' | 'namespace' | 'gpuResource' | 'graceSeconds' | 'python'>,
): Record<string, unknown> {
  const { template, gpuResource, graceSeconds } = settings;
  const { metadata, spec } = template;
  const { template: pod } = spec;
  const labels = { [MANAGED]: 'flywheel', [INSTALLATION]: installation };
  const annotations = { [JOB_KEY]: jobKey, [ATTEMPT]: String(attempt), [LOG]: log };
  const [trainer, ...beside] = pod.spec.containers;
  const { resources: wanted = {}, envFrom = [], ...rest } = trainer as ContainerTemplate;
  const gpus = resources.gpusPerNode > 0 ? { [gpuResource]: String(resources.gpusPerNode) } : {};
  return {
    ...template,
    metadata: {
      ...metadata,
      name,
      namespace: settings.namespace,
      labels: { ...metadata?.labels, ...labels, ...(queue !== undefined && { [QUEUE]: queue }) },
      annotations: { ...metadata?.annotations, ...annotations },
    },
    spec: {
      ...spec,
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: 'Failed',
      template: {
        ...pod,
        metadata: {
          ...pod.metadata,
          labels: { ...pod.metadata?.labels, ...labels },
          annotations: { ...pod.metadata?.annotations, ...annotations },
        },
        spec: {
          terminationGracePeriodSeconds: graceSeconds,
          ...pod.spec,
          restartPolicy: 'Never',
          containers: [
            {
              ...(image !== undefined && { image }),
              ...rest,
              command: [
                '/bin/sh',
                '-c',
                BEGIN,
                'begin',
                log,
                begunFile(log, name),
                ...inImage(command, settings.python),
              ],
              envFrom: [...envFrom, { secretRef: { name: secret } }],
              resources: { ...wanted, limits: { ...wanted.limits, ...gpus } },
            },
            ...beside,
          ],
        },
      },
    },
  };
}

interface ContainerTemplate {
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly envFrom?: readonly unknown[];
}

/** This machine's interpreter is not the image's. */
function inImage([program = '', ...args]: readonly string[], python: string | undefined): string[] {
  return [python !== undefined && /(^|\/)python[\d.]*$/.test(program) ? python : program, ...args];
}

/** What a job gets to see and nobody else: it stands neither in the Job nor in a log. */
export function secretManifest(
  { env }: Pick<JobAttempt, 'env'>,
  { name, installation }: Pick<Naming, 'name' | 'installation'>,
): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { [MANAGED]: 'flywheel', [INSTALLATION]: installation } },
    stringData: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
  };
}
