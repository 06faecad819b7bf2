import { quoted } from '../shell.ts';
import type { JobAttempt } from '../types.ts';
import { beginWords } from './begin.ts';
import { annotationsOf, INSTALLATION, MANAGED, OF, QUEUE } from './names.ts';
import type { KubernetesSettings } from './settings.ts';
import type { PodTemplate, TemplateOf } from './templates.ts';

export interface Naming {
  readonly name: string;
  readonly installation: string;
  /** Name of the Secret with the job's environment. */
  readonly secret: string;
}

type Settings = Pick<KubernetesSettings, 'template' | 'namespace' | 'gpuResource' | 'graceSeconds' | 'python'>;
type Attempt = Omit<JobAttempt, 'env'> & Partial<Pick<JobAttempt, 'env'>>;

interface Making {
  readonly attempt: Attempt;
  readonly naming: Naming;
  readonly settings: Settings;
  /** How many pods train. */
  readonly nodes: number;
  /** Of all that is made. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The object of an attempt, from the site's template. It runs once: attempts are counted by who submits them. */
export function jobManifest(attempt: Attempt, naming: Naming, settings: Settings): Record<string, unknown> {
  const { template } = settings;
  const { nodes } = attempt.resources;
  const labels = { [MANAGED]: 'flywheel', [INSTALLATION]: naming.installation };
  const annotations = annotationsOf(attempt, podCount(template, nodes));
  const making: Making = { attempt, naming, settings, nodes, labels, annotations };
  const queue = attempt.queue !== undefined && { [QUEUE]: attempt.queue };
  const { metadata } = template;
  // Of several pods some would start before a queue that is not there looks at them.
  const isHeld = nodes > 1 && (queue !== false || metadata?.labels?.[QUEUE] !== undefined);
  return {
    ...template,
    metadata: {
      ...metadata,
      name: naming.name,
      namespace: settings.namespace,
      labels: { ...metadata?.labels, ...labels, ...queue },
      annotations: { ...metadata?.annotations, ...annotations },
    },
    spec: { ...specOf(making), ...(isHeld && { suspend: true }) },
  };
}

function specOf(making: Making): Record<string, unknown> {
  const { template } = making.settings;
  switch (template.kind) {
    case 'Job':
      return jobSpec(template.spec, making);
    case 'JobSet':
      return jobSetSpec(template.spec, making);
    case 'RayJob':
      return raySpec(template.spec, making);
    case 'TrainJob':
      return trainSpec(template.spec, making);
  }
}

/** Beside its nodes a RayJob that has workers has a head, and a JobSet what its other jobs are. */
function podCount(template: Settings['template'], nodes: number): number {
  if (template.kind === 'RayJob') return nodes + (hasWorkers(template) ? 1 : 0);
  const beside = template.kind === 'JobSet' ? template.spec.replicatedJobs.slice(1) : [];
  return beside.reduce((sum, { replicas = 1, template: { spec } }) => sum + replicas * (spec.parallelism ?? 1), nodes);
}

export function hasWorkers({ spec }: TemplateOf<'RayJob'>): boolean {
  return (spec.rayClusterSpec.workerGroupSpecs ?? []).length > 0;
}

/** A pod a node, numbered where they are several. */
function jobSpec(spec: { readonly template: PodTemplate }, making: Making): Record<string, unknown> {
  const { nodes } = making;
  return {
    ...spec,
    backoffLimit: 0,
    completions: nodes,
    parallelism: nodes,
    ...(nodes > 1 && { completionMode: 'Indexed' }),
    podReplacementPolicy: 'Failed',
    template: trainerPod(spec.template, making),
  };
}

function jobSetSpec(spec: TemplateOf<'JobSet'>['spec'], making: Making): Record<string, unknown> {
  const [first, ...others] = spec.replicatedJobs;
  const beside = others.map(({ template, ...each }) => ({
    ...each,
    template: {
      ...template,
      spec: { ...template.spec, backoffLimit: 0, template: ownPod(template.spec.template, making) },
    },
  }));
  const template = first && { ...first.template, spec: jobSpec(first.template.spec, making) };
  return {
    ...spec,
    failurePolicy: { maxRestarts: 0 },
    replicatedJobs: [{ ...first, replicas: 1, template }, ...beside],
  };
}

function raySpec(spec: TemplateOf<'RayJob'>['spec'], making: Making): Record<string, unknown> {
  const { attempt, naming, settings, nodes } = making;
  const { rayClusterSpec: cluster } = spec;
  const [workers] = cluster.workerGroupSpecs ?? [];
  const inRay = { ...making, labels: { ...making.labels, [OF]: naming.name } };
  const head = rayPod(cluster.headGroupSpec.template, inRay, { env: true, gpus: workers === undefined });
  const size = { replicas: nodes, minReplicas: nodes, maxReplicas: nodes };
  return {
    ...spec,
    backoffLimit: 0,
    shutdownAfterJobFinishes: true,
    submissionMode: 'HTTPMode',
    entrypoint: beginWords(attempt.command, attempt.log, naming.name, settings.python).map(quoted).join(' '),
    rayClusterSpec: {
      ...cluster,
      headGroupSpec: { ...cluster.headGroupSpec, template: head },
      ...(workers && {
        workerGroupSpecs: [
          { ...workers, ...size, template: rayPod(workers.template, inRay, { env: false, gpus: true }) },
        ],
      }),
    },
  };
}

/** A head runs the attempt, and has its environment; Ray gives what it asks to end 3 s unless told otherwise. */
function rayPod(pod: PodTemplate, making: Making, { env, gpus }: { env: boolean; gpus: boolean }) {
  const { naming, settings } = making;
  const own = ownPod(pod, making);
  const [first, ...beside] = own.spec.containers;
  const container = first as ContainerTemplate;
  const grace = { name: 'RAY_JOB_STOP_WAIT_TIME_S', value: String(settings.graceSeconds) };
  const seen = env && {
    env: [grace, ...(container.env ?? [])],
    envFrom: [...(container.envFrom ?? []), { secretRef: { name: naming.secret } }],
  };
  const one = { ...container, ...seen, ...(gpus && { resources: withGpus(container.resources, making) }) };
  return { ...own, spec: { ...own.spec, containers: [one, ...beside] } };
}

function trainSpec(spec: TemplateOf<'TrainJob'>['spec'], making: Making): Record<string, unknown> {
  const { attempt, naming, settings, nodes } = making;
  const { env = [], resourcesPerNode, image, ...trainer } = (spec.trainer ?? {}) as TrainerTemplate;
  const names = Object.entries(attempt.env ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const chosen = image ?? attempt.image;
  return {
    ...spec,
    trainer: {
      ...trainer,
      ...(chosen !== undefined && { image: chosen }),
      command: beginWords(attempt.command, attempt.log, naming.name, settings.python),
      // A TrainJob takes no Secret as a whole.
      env: [
        ...env,
        ...names.map((name) => ({ name, valueFrom: { secretKeyRef: { name: naming.secret, key: name } } })),
      ],
      numNodes: nodes,
      resourcesPerNode: withGpus(resourcesPerNode, making),
    },
  };
}

interface ResourcesTemplate {
  readonly limits?: Readonly<Record<string, string>>;
}

interface ContainerTemplate {
  readonly name: string;
  readonly resources?: ResourcesTemplate;
  readonly env?: readonly unknown[];
  readonly envFrom?: readonly unknown[];
}

interface TrainerTemplate {
  readonly image?: string;
  readonly env?: readonly unknown[];
  readonly resourcesPerNode?: ResourcesTemplate;
}

/** A pod whose first container trains. */
function trainerPod(pod: PodTemplate, making: Making) {
  const { attempt, naming, settings } = making;
  const own = ownPod(pod, making);
  const [trainer, ...beside] = own.spec.containers;
  const { resources, envFrom = [], ...rest } = trainer as ContainerTemplate;
  const container = {
    ...(attempt.image !== undefined && { image: attempt.image }),
    ...rest,
    command: beginWords(attempt.command, attempt.log, naming.name, settings.python),
    envFrom: [...envFrom, { secretRef: { name: naming.secret } }],
    resources: withGpus(resources, making),
  };
  return { ...own, spec: { ...own.spec, restartPolicy: 'Never', containers: [container, ...beside] } };
}

/** A pod that is listed with ours, and has the time to save. */
function ownPod(pod: PodTemplate, { labels, annotations, settings }: Making) {
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata?.labels, ...labels },
      annotations: { ...pod.metadata?.annotations, ...annotations },
    },
    spec: { terminationGracePeriodSeconds: settings.graceSeconds, ...pod.spec },
  };
}

function withGpus(resources: ResourcesTemplate = {}, { attempt, settings }: Making): ResourcesTemplate {
  const { gpusPerNode } = attempt.resources;
  const gpus = gpusPerNode > 0 ? { [settings.gpuResource]: String(gpusPerNode) } : {};
  return { ...resources, limits: { ...resources.limits, ...gpus } };
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
