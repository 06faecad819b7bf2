import * as z from 'zod';

/** What a training's object is made from, as a site writes it. What is ours to say is refused by name. */

const labels = z.record(z.string(), z.string());
const ours = z.never({ error: 'no such field: it is set for each job' }).optional();
const never = (why: string) => z.never({ error: why }).optional();

const metadata = z
  .looseObject({ name: ours, generateName: ours, labels: labels.optional(), annotations: labels.optional() })
  .optional();

/** Its first container trains. */
const pod = z.looseObject({
  metadata: z.looseObject({ labels: labels.optional(), annotations: labels.optional() }).optional(),
  spec: z.looseObject({
    terminationGracePeriodSeconds: z.int().min(1).optional(),
    containers: z.array(z.looseObject({ name: z.string().min(1), command: ours, args: ours })).min(1),
  }),
});

const endingPod = pod.extend({ spec: pod.shape.spec.extend({ restartPolicy: z.literal('Never').optional() }) });

/** Ends are looked at long before. */
const ttlSecondsAfterFinished = z.int().min(3600).optional();

/** What runs beside a training. */
const besideSpec = z.looseObject({
  backoffLimit: z.literal(0).optional(),
  parallelism: z.int().min(1).optional(),
  ttlSecondsAfterFinished,
  template: endingPod,
});

const trainingSpec = besideSpec.extend({
  completions: z.literal(1, 'expected none: training.nodes says how many pods there are').optional(),
  parallelism: z.literal(1, 'expected none: training.nodes says how many pods there are').optional(),
  podReplacementPolicy: z.literal('Failed').optional(),
});

const job = z.looseObject({ apiVersion: z.literal('batch/v1'), kind: z.literal('Job'), metadata, spec: trainingSpec });

const replicated = z.looseObject({ name: z.string().min(1), replicas: z.int().min(1).optional() });

/** Its first replicated job trains, a pod a node. */
const jobSet = z.looseObject({
  apiVersion: z.literal('jobset.x-k8s.io/v1alpha2'),
  kind: z.literal('JobSet'),
  metadata,
  spec: z.looseObject({
    failurePolicy: never('no such field: an attempt runs once, and the next one is ours to submit'),
    ttlSecondsAfterFinished,
    replicatedJobs: z.tuple(
      [replicated.extend({ replicas: z.literal(1).optional(), template: z.looseObject({ spec: trainingSpec }) })],
      replicated.extend({ template: z.looseObject({ spec: besideSpec }) }),
    ),
  }),
});

const rayPods = z.looseObject({ template: pod });

/** The command runs on its head. Its first group of workers is the nodes, a pod each; without one the head is. */
const rayJob = z.looseObject({
  apiVersion: z.literal('ray.io/v1'),
  kind: z.literal('RayJob'),
  metadata,
  spec: z.looseObject({
    entrypoint: ours,
    jobId: ours,
    backoffLimit: z.literal(0).optional(),
    shutdownAfterJobFinishes: z.literal(true, 'expected true: a job is over when its pods are').optional(),
    submissionMode: z.literal('HTTPMode', 'expected HTTPMode: others change the words of a command').optional(),
    clusterSelector: never('no such field: each attempt has a cluster of its own'),
    rayClusterSpec: z.looseObject({
      enableInTreeAutoscaling: z
        .literal(false, 'expected false: a training has all its nodes from the start')
        .optional(),
      headGroupSpec: rayPods,
      workerGroupSpecs: z
        .array(rayPods.extend({ groupName: z.string().min(1), replicas: ours, minReplicas: ours, maxReplicas: ours }))
        .max(1, 'expected one group of workers: its pods are the nodes of a training')
        .optional(),
    }),
  }),
});

/** Its runtime says all that is not here: volumes, tolerations, the grace. */
const trainJob = z.looseObject({
  apiVersion: z.literal('trainer.kubeflow.org/v1alpha1'),
  kind: z.literal('TrainJob'),
  metadata,
  spec: z.looseObject({
    runtimeRef: z.looseObject({ name: z.string().min(1) }),
    trainer: z.looseObject({ command: ours, args: ours, numNodes: ours }).optional(),
  }),
});

export const objectTemplate = z.discriminatedUnion('kind', [job, jobSet, rayJob, trainJob]);

export type ObjectTemplate = z.infer<typeof objectTemplate>;
export const objectKinds = ['Job', 'JobSet', 'RayJob', 'TrainJob'] as const satisfies readonly ObjectTemplate['kind'][];
export type TemplateOf<K extends ObjectTemplate['kind']> = Extract<ObjectTemplate, { kind: K }>;
export type PodTemplate = z.infer<typeof pod>;
