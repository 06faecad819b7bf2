import { failure } from '../failure.ts';
import type { Cluster } from './types.ts';

const HERE = /^(localhost|127(\.\d+){3}|\[?::1\]?|0\.0\.0\.0|\[?::\]?)$/;

/**
 * Refuses an address of this machine alone for jobs that run on others: they would ask their own node for rewards, for
 * hours.
 * @throws `ClusterUnavailable`
 */
export function refuseUnreachable({ name, elsewhere }: Pick<Cluster, 'name' | 'elsewhere'>, rewardUrl: string): void {
  const host = URL.canParse(rewardUrl) ? new URL(rewardUrl).hostname : '';
  if (elsewhere !== true || !HERE.test(host)) return;
  throw failure(
    'ClusterUnavailable',
    `Expected an address of the reward service that jobs on ${name} reach, got ${rewardUrl}, which is each machine's ` +
      'own: set FLYWHEEL_REWARD_URL to one of this machine, or of a proxy before it; where the cluster is this very ' +
      `machine, say "sharesMachine": true in FLYWHEEL_CLUSTERS.${name}`,
  );
}
