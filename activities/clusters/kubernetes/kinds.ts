import { OF } from './names.ts';
import type { Condition, KubeJob } from './objects.ts';
import type { ObjectTemplate } from './templates.ts';

/** Where a kind of object lies, how its pods are known, and what it says in the words of a Job. */
export interface Kind {
  /** Before and after the namespace, in a path of the API. */
  readonly api: string;
  readonly plural: string;
  /** Label of its pods that holds its name. */
  readonly podLabel: string;
  /** Label of its pods that holds its uid. */
  readonly uidLabel?: string;
  /** Whether its pods have our labels. */
  readonly labelled: boolean;
  /** The object with a Job's conditions: `Complete`, `Failed`. */
  asJob(object: KubeJob): KubeJob;
}

/** Kubernetes' own, and those of the projects whose objects these are, as of November 2026. */
export const KINDS: Readonly<Record<ObjectTemplate['kind'], Kind>> = {
  Job: {
    api: '/apis/batch/v1',
    plural: 'jobs',
    podLabel: 'batch.kubernetes.io/job-name',
    uidLabel: 'batch.kubernetes.io/controller-uid',
    labelled: true,
    asJob: (object) => object,
  },
  JobSet: {
    api: '/apis/jobset.x-k8s.io/v1alpha2',
    plural: 'jobsets',
    podLabel: 'jobset.sigs.k8s.io/jobset-name',
    labelled: true,
    asJob: ({ status, ...object }) => {
      const { conditions = [], ...more } = status ?? {};
      const renamed = conditions.map((each) => (each.type === 'Completed' ? { ...each, type: 'Complete' } : each));
      return { ...object, status: { ...more, conditions: renamed } };
    },
  },
  RayJob: { api: '/apis/ray.io/v1', plural: 'rayjobs', podLabel: OF, labelled: true, asJob: rayAsJob },
  TrainJob: {
    api: '/apis/trainer.kubeflow.org/v1alpha1',
    plural: 'trainjobs',
    // Its runtime makes a JobSet of its own name.
    podLabel: 'jobset.sigs.k8s.io/jobset-name',
    labelled: false,
    asJob: (object) => object,
  },
};

/**
 * A RayJob has one word where others have conditions. `Complete` it is whatever became of Ray's job, which is told
 * beside it; its pods are given up after that.
 */
function rayAsJob({ status, ...object }: KubeJob): KubeJob {
  const { jobDeploymentStatus: deployment = '', jobStatus = '', reason, message } = status ?? {};
  const failed = deployment === 'Failed' || (deployment === 'Complete' && jobStatus !== 'SUCCEEDED');
  const over = failed || deployment === 'Complete';
  const said: Condition = {
    type: failed ? 'Failed' : 'Complete',
    status: 'True',
    reason: reason ?? jobStatus,
    ...(message !== undefined && { message }),
  };
  const begunAt = status?.rayJobInfo?.startTime;
  const more = { ...(over && { conditions: [said] }), ...(begunAt !== undefined && { begunAt }) };
  return { ...object, status: { ...status, ...more, begun: !isBefore(deployment, jobStatus) } };
}

/** Its pods run before Ray is asked to run the attempt. */
function isBefore(deployment: string, jobStatus: string): boolean {
  return ['', 'Initializing', 'Waiting'].includes(deployment) && ['', 'PENDING'].includes(jobStatus);
}
