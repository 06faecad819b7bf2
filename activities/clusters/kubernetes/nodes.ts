import { failure } from '../../failure.ts';
import type { ClusterCapacity, JobAttempt } from '../types.ts';
import { hasWorkers } from './manifest.ts';
import { QUEUE } from './names.ts';
import type { KubernetesSettings } from './settings.ts';
import type { ObjectTemplate } from './templates.ts';

type Launch = NonNullable<JobAttempt['launch']>;
type Settings = Pick<KubernetesSettings, 'template' | 'allOrNothing'>;

/** How many nodes an object may ask for. */
export function holds(settings: Settings): number {
  return whyOne(settings) === undefined ? Infinity : 1;
}

/**
 * Of several pods some may get their nodes and wait for the others for ever: they have to start all together.
 * @throws `ClusterTooSmall`, with what to do.
 */
export function refuseNodes(
  { nodes, launch }: Pick<ClusterCapacity, 'nodes'> & { readonly launch?: Launch | undefined },
  settings: Settings,
): void {
  if (nodes === 1) return;
  const why = whyOne(settings) ?? whyOtherwise(settings, launch);
  if (why !== undefined)
    throw failure('ClusterTooSmall', `Expected a training on one node, got training.nodes ${nodes}: ${why}`);
}

function whyOne({ template, allOrNothing }: Settings): string | undefined {
  if (!allOrNothing && template.metadata?.labels?.[QUEUE] === undefined)
    return (
      'of several pods Kubernetes may start some alone; have its template name a queue of Kueue (label ' +
      `${QUEUE}), or say "allOrNothing": true where the site starts all or none`
    );
  if (template.kind === 'RayJob' && !hasWorkers(template))
    return 'its RayJob has no workerGroupSpecs, whose pods the nodes are';
  return undefined;
}

/** @param launch undefined: not known yet. */
function whyOtherwise({ template }: Settings, launch: Launch | undefined): string | undefined {
  if (launch === undefined) return undefined;
  if (template.kind === 'RayJob')
    return launch === 'perNode' ? 'Ray starts one process of a job, and this engine needs one on each node' : undefined;
  return launch === 'one'
    ? `this engine is started once in all, and takes the other nodes from Ray: have a RayJob in place of a ${template.kind}`
    : undefined;
}

/** Name of the container whose log a job's is. */
export function trainerOf(template: ObjectTemplate): string {
  switch (template.kind) {
    case 'Job':
      return template.spec.template.spec.containers[0]?.name ?? '';
    case 'JobSet':
      return template.spec.replicatedJobs[0]?.template.spec.template.spec.containers[0]?.name ?? '';
    case 'RayJob':
      return template.spec.rayClusterSpec.headGroupSpec.template.spec.containers[0]?.name ?? '';
    case 'TrainJob':
      return 'node'; // as a runtime has to call it
  }
}
