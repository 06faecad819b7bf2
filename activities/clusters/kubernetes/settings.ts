import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import * as z from 'zod';

const labels = z.record(z.string(), z.string());
const ours = z.never({ error: 'no such field: it is set for each job' }).optional();

const container = z.looseObject({ name: z.string().min(1), command: ours, args: ours });

/** A Job as a site writes it; what is ours to say is refused by name. */
const jobTemplate = z.looseObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z
    .looseObject({ name: ours, generateName: ours, labels: labels.optional(), annotations: labels.optional() })
    .optional(),
  spec: z.looseObject({
    backoffLimit: z.literal(0).optional(),
    completions: z.literal(1).optional(),
    parallelism: z.literal(1).optional(),
    podReplacementPolicy: z.literal('Failed').optional(),
    /** Ends are looked at long before. */
    ttlSecondsAfterFinished: z.int().min(3600).optional(),
    template: z.looseObject({
      metadata: z.looseObject({ labels: labels.optional(), annotations: labels.optional() }).optional(),
      spec: z.looseObject({
        restartPolicy: z.literal('Never').optional(),
        terminationGracePeriodSeconds: z.int().min(1).optional(),
        containers: z.array(container).min(1),
      }),
    }),
  }),
});

export type JobTemplate = z.infer<typeof jobTemplate>;

export const kubernetesSettings = z.strictObject({
  kind: z.literal('kubernetes'),
  /** File with the address and the credentials. @default as kubectl: KUBECONFIG, ~/.kube/config, the pod's own account */
  kubeconfig: z.string().min(1).optional(),
  /** One of that file. @default its current one */
  context: z.string().min(1).optional(),
  namespace: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected a namespace, such as "training"'),
  /** What a training's Job is made from: a manifest, or a YAML or JSON file that holds it. */
  template: z.unknown().transform(templateIn),
  /** Name of the resource that a GPU is. */
  gpuResource: z.string().min(1).default('nvidia.com/gpu'),
  /** The trainer's interpreter inside the image, in place of this machine's. @default this machine's path */
  python: z.string().min(1).optional(),
  /** A Secret of the namespace that has what jobs get to see, in place of one made for each job. */
  envSecret: z.string().min(1).optional(),
  /** How long a pod has to save its state, whoever ends it; unless the template says so. */
  graceSeconds: z.int().min(1).default(120),
  /** How long a pod may wait for a node. @default for ever: a queue is a queue */
  pendingMinutes: z.number().positive().optional(),
  /** How long a pod that has its node may fail to start there, such as for want of its image. */
  startMinutes: z.number().positive().default(15),
  /** In place of what the nodes say, where they may not be listed. */
  capacity: z.strictObject({ nodes: z.literal(1), gpusPerNode: z.int().min(0) }).optional(),
  /** Jobs run on this very machine, so that 127.0.0.1 is the same for them. */
  sharesMachine: z.boolean().default(false),
  lookEveryMs: z.int().min(10).default(30_000),
});

export type KubernetesSettings = z.infer<typeof kubernetesSettings>;

function templateIn(given: unknown, context: z.RefinementCtx): JobTemplate {
  let manifest = given;
  try {
    if (typeof given === 'string') manifest = load(readFileSync(given, 'utf8'));
  } catch (error) {
    const got = `${JSON.stringify(given)}: ${(error as Error).message}`;
    context.addIssue({ code: 'custom', message: `expected a file with a Job, in YAML or JSON, got ${got}` });
    return z.NEVER;
  }
  const parsed = jobTemplate.safeParse(manifest, { reportInput: true });
  if (parsed.success) return parsed.data;
  for (const { path, message, input } of parsed.error.issues)
    context.addIssue({ code: 'custom', path: [...path], message, input });
  return z.NEVER;
}
