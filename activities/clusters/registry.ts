import * as z from 'zod';
import { parseSetting } from '../processes/settings.ts';
import { KubernetesCluster } from './kubernetes/kubernetes.ts';
import { LocalCluster } from './local.ts';
import { RayCluster } from './ray/ray.ts';
import { SlurmCluster } from './slurm/cluster.ts';
import type { Cluster, ClusterCapacity, Machine } from './types.ts';
import { failure } from '../failure.ts';

/** A new kind of cluster is its file or folder and a line here. */
const KINDS: Readonly<Record<string, ClusterKind>> = {
  kubernetes: KubernetesCluster,
  local: LocalCluster,
  ray: RayCluster,
  slurm: SlurmCluster,
};

interface ClusterKind {
  /** Its `kind` is the literal under which it stands above. */
  readonly settings: z.ZodObject;
  new (name: string, settings: never, machine: Machine): Cluster;
}

const schema = z.record(
  z.string().regex(/^\w[\w-]*$/, 'expected a name'),
  z.discriminatedUnion('kind', Object.values(KINDS).map(({ settings }) => settings) as [z.ZodObject]),
);

/**
 * The clusters of this installation, from a JSON object that names each and says its kind and what the kind needs.
 * @throws naming the field, what was expected and what came.
 */
export function openClusters(text: string, machine: Machine): Cluster[] {
  const named = parseSetting('FLYWHEEL_CLUSTERS', text, schema, '{"local":{"kind":"local"}}');
  return Object.entries(named).map(([name, settings]) => {
    const Kind = KINDS[settings['kind'] as string] as ClusterKind;
    return new Kind(name, settings as never, machine);
  });
}

/**
 * @param field what names it. @default a recipe's
 * @throws `ClusterUnavailable`, that names the clusters that there are.
 */
export function clusterNamed(clusters: readonly Cluster[], name: string, field = 'training.cluster'): Cluster {
  const names = clusters.map((each) => each.name);
  const cluster = clusters[names.indexOf(name)];
  if (cluster) return cluster;
  throw failure(
    'ClusterUnavailable',
    `Expected ${field} to be one that this installation has (${names.join(', ')}), got ` +
      `${JSON.stringify(name)}: choose one of these, or configure it (FLYWHEEL_CLUSTERS)`,
  );
}

/**
 * The cluster of that name, which can hold what is asked.
 * @throws `ClusterUnavailable` or `ClusterTooSmall`.
 */
export async function clusterFor(clusters: readonly Cluster[], name: string, asked: ClusterCapacity): Promise<Cluster> {
  const cluster = clusterNamed(clusters, name);
  const has = await cluster.capacity();
  if (asked.nodes <= has.nodes && asked.gpusPerNode <= has.gpusPerNode) {
    await cluster.check?.({ nodes: asked.nodes, gpusPerNode: asked.gpusPerNode });
    return cluster;
  }
  throw failure(
    'ClusterTooSmall',
    `Expected a cluster that has ${size(asked)}, ${name} has ${size(has)}: choose a smaller preset, lower ` +
      'training.nodes and training.gpusPerNode, or configure a cluster that can hold it',
  );
}

function size({ nodes, gpusPerNode }: ClusterCapacity): string {
  return `${nodes} ${nodes === 1 ? 'node' : 'nodes'} with ${gpusPerNode} GPUs each`;
}
