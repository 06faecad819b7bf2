import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import * as z from 'zod';
import { objectKinds, objectTemplate, type ObjectTemplate } from './templates.ts';

export const kubernetesSettings = z.strictObject({
  kind: z.literal('kubernetes'),
  /** File with the address and the credentials. @default as kubectl: KUBECONFIG, ~/.kube/config, the pod's own account */
  kubeconfig: z.string().min(1).optional(),
  /** One of that file. @default its current one */
  context: z.string().min(1).optional(),
  namespace: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected a namespace, such as "training"'),
  /** What a training's object is made from: a manifest, or a YAML or JSON file that holds it. */
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
  /**
   * How long a pod that has its node may fail to start there, such as for want of its image; and how long pods of a job
   * may run while others of it do not.
   */
  startMinutes: z.number().positive().default(15),
  /**
   * Pods of an object start all together or none does, by a scheduler of the site's (a gang, a runtime's policy). Without
   * it several nodes need the label of a Kueue queue.
   */
  allOrNothing: z.boolean().default(false),
  /** In place of what the nodes say, where they may not be listed. */
  capacity: z.strictObject({ nodes: z.int().min(1), gpusPerNode: z.int().min(0) }).optional(),
  /** Jobs run on this very machine, so that 127.0.0.1 is the same for them. */
  sharesMachine: z.boolean().default(false),
  lookEveryMs: z.int().min(10).default(30_000),
});

export type KubernetesSettings = z.infer<typeof kubernetesSettings>;

function templateIn(given: unknown, context: z.RefinementCtx): ObjectTemplate {
  let manifest = given;
  try {
    if (typeof given === 'string') manifest = load(readFileSync(given, 'utf8'));
  } catch (error) {
    const got = `${JSON.stringify(given)}: ${(error as Error).message}`;
    context.addIssue({
      code: 'custom',
      message: `expected a file with a Job or the like, in YAML or JSON, got ${got}`,
    });
    return z.NEVER;
  }
  const { kind } = (manifest ?? {}) as { kind?: unknown };
  if (!objectKinds.includes(kind as ObjectTemplate['kind'])) {
    context.addIssue({ code: 'custom', path: ['kind'], message: `expected ${either(objectKinds)}`, input: kind });
    return z.NEVER;
  }
  const parsed = objectTemplate.safeParse(manifest, { reportInput: true });
  if (parsed.success) return parsed.data;
  for (const { path, message, input } of parsed.error.issues)
    context.addIssue({ code: 'custom', path: [...path], message, input });
  return z.NEVER;
}

function either(names: readonly string[]): string {
  const quoted = names.map((name) => JSON.stringify(name));
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
