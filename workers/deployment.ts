import { isGrpcServiceError, type Client } from '@temporalio/client';
import { QUEUES } from '../shared/queues.ts';
import { buildIdOfToday } from './builds.ts';
import { withClient } from './client.ts';

/** Temporal's name for the workers that run our workflows; a build of theirs is a version of it. */
export const DEPLOYMENT = 'flywheel';

/** How a build stands with the server. */
type BuildState =
  /** New workflows start on it, or some of them. */
  | 'current'
  /** None start on it: not yet. */
  | 'idle'
  /** None start on it any more. */
  | 'draining'
  /** Nor is any open that is pinned to it. */
  | 'drained'
  | 'unknown';

/** WorkerDeploymentVersionStatus of Temporal's API. */
const STATES: Readonly<Record<number, BuildState>> = {
  2: 'current',
  3: 'current' /* ramping */,
  4: 'draining',
  5: 'drained',
};
/** VersioningBehavior of Temporal's API. */
const PINNED = 1;
/**
 * gRPC's codes for a build, and for a deployment, that the server does not know (yet): NOT_FOUND and
 * FAILED_PRECONDITION.
 */
const UNKNOWN: readonly number[] = [5, 9];

/**
 * Lets new workflows start on a build, and those that upgrade by themselves go on with it.
 * @returns why not, when the server refuses: no worker of the build has shown itself yet.
 */
export async function setCurrentBuild(
  { workflowService, options: { namespace } }: Client,
  buildId: string,
): Promise<string | undefined> {
  try {
    await workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName: DEPLOYMENT,
      buildId,
      identity: 'flywheel',
    });
    return undefined;
  } catch (error) {
    if (isGrpcServiceError(error) && UNKNOWN.includes(error.code)) return error.details;
    throw error;
  }
}

/** The builds that the server knows, newest first; none where no versioned worker has ever run. */
export async function knownBuilds({
  workflowService,
  options: { namespace },
}: Client): Promise<{ readonly buildId: string; readonly state: BuildState }[]> {
  try {
    const { workerDeploymentInfo: info } = await workflowService.describeWorkerDeployment({
      namespace,
      deploymentName: DEPLOYMENT,
    });
    return (info?.versionSummaries ?? []).map(({ deploymentVersion, status }) => ({
      buildId: deploymentVersion?.buildId ?? '',
      state: STATES[status ?? 0] ?? 'idle',
    }));
  } catch (error) {
    if (isGrpcServiceError(error) && UNKNOWN.includes(error.code)) return [];
    throw error;
  }
}

export async function stateOfBuild(
  { workflowService, options: { namespace } }: Client,
  buildId: string,
): Promise<BuildState> {
  try {
    const { workerDeploymentVersionInfo: info } = await workflowService.describeWorkerDeploymentVersion({
      namespace,
      deploymentVersion: { deploymentName: DEPLOYMENT, buildId },
    });
    return STATES[info?.status ?? 0] ?? 'idle';
  } catch (error) {
    if (isGrpcServiceError(error) && UNKNOWN.includes(error.code)) return 'unknown';
    throw error;
  }
}

/** Open workflows that only this build's workers can go on with. */
export function pinnedTo(buildId: string): string {
  return (
    `TemporalWorkerDeploymentVersion = "${DEPLOYMENT}:${buildId}" AND TemporalWorkflowVersioningBehavior = ` +
    '"Pinned" AND ExecutionStatus = "Running"'
  );
}

/** The build that a workflow is pinned to, if it is. */
export async function buildPinning(
  { workflowService, options: { namespace } }: Client,
  workflowId: string,
): Promise<string | undefined> {
  const { workflowExecutionInfo } = await workflowService.describeWorkflowExecution({
    namespace,
    execution: { workflowId },
  });
  const { behavior, deploymentVersion } = workflowExecutionInfo?.versioningInfo ?? {};
  return Number(behavior) === PINNED ? (deploymentVersion?.buildId ?? undefined) : undefined;
}

/** TaskQueueType of Temporal's API. */
const OF_ACTIVITIES = 2;

/** A line for each kind of worker that nobody runs: what is for it waits. */
export async function missingWorkers({ workflowService, options: { namespace } }: Client): Promise<string[]> {
  const kinds = Object.entries(QUEUES).map(async ([kind, name]) => {
    const asked = { namespace, taskQueue: { name }, taskQueueType: OF_ACTIVITIES };
    const { pollers } = await workflowService.describeTaskQueue(asked);
    return pollers?.length ? [] : [`No worker polls ${name}: its work waits until \`flywheel worker ${kind}\` runs`];
  });
  return (await Promise.all(kinds)).flat();
}

/** What to tell somebody whose edits the running workers do not have; undefined when they have them. */
export async function olderCodeRuns(): Promise<string | undefined> {
  const current = (await withClient(knownBuilds)).find(({ state }) => state === 'current');
  if (current === undefined || current.buildId === (await buildIdOfToday())) return undefined;
  return (
    'The stack runs workflow code of before your last edits (or of another checkout). `flywheel stop`, then start ' +
    'again: new laps get this checkout, and open ones stay on theirs.'
  );
}
