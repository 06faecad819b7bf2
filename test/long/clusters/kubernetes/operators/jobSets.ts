import { condition, type KubeJob } from '../../../../../activities/clusters/kubernetes/objects.ts';
import { RUNTIME_POD } from '../fixture.ts';
import { JOB_SETS, JOBS, said, TRAIN_JOBS, type Conditions, type Objects, type Owned } from './objects.ts';

interface JobSetSpec {
  readonly suspend?: boolean;
  readonly replicatedJobs: readonly { readonly name: string; readonly template: { readonly spec: JobSpec } }[];
}

interface JobSpec {
  readonly template: { readonly metadata?: { readonly labels?: object }; readonly spec: object };
  readonly suspend?: boolean;
}

type JobSet = Owned<JobSetSpec, Conditions>;
type TrainJob = Owned<
  { readonly suspend?: boolean; readonly trainer?: { readonly numNodes?: number; readonly command?: string[] } },
  Conditions
>;

/** FAKE: what the controller of JobSet does, of one replica of each job, without restarts. */
export async function reconcileJobSets(objects: Objects): Promise<void> {
  const jobs = await objects.list<KubeJob & Owned<JobSpec, object>>(JOBS);
  for (const set of await objects.list<JobSet>(JOB_SETS)) await reconcile(objects, set, jobs);
}

async function reconcile(objects: Objects, set: JobSet, all: readonly (KubeJob & Owned<JobSpec, object>)[]) {
  const { metadata, spec, status } = set;
  if (metadata.deletionTimestamp !== undefined) return;
  const { name } = metadata;
  const isOver = condition(status?.conditions, 'Failed') ?? condition(status?.conditions, 'Completed');
  const own = all.filter((job) => job.metadata.labels?.['jobset.sigs.k8s.io/jobset-name'] === name);
  const { suspend = false } = spec;
  if (isOver) {
    for (const job of own) if (!isDone(job)) await objects.delete(JOBS, job.metadata.name);
    return;
  }
  for (const { name: part, template } of spec.replicatedJobs) {
    const jobName = `${name}-${part}-0`;
    const job = own.find((each) => each.metadata.name === jobName);
    const labels = { 'jobset.sigs.k8s.io/jobset-name': name, 'jobset.sigs.k8s.io/replicatedjob-name': part };
    if (job === undefined) {
      const { template: pod, ...jobSpec } = template.spec;
      const labelled = { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, ...labels } } };
      await objects.create(
        JOBS,
        { ...JOB_SETS, meta: metadata },
        {
          metadata: { name: jobName, labels },
          spec: { completionMode: 'Indexed', ...jobSpec, suspend, template: labelled },
        },
      );
    } else if ((job.spec.suspend ?? false) !== suspend) await objects.patch(JOBS, jobName, { spec: { suspend } });
  }
  const conditions = [
    said('Suspended', suspend ? 'SuspendJobs' : 'ResumeJobs', '', suspend ? 'True' : 'False'),
    ...(own.some((job) => condition(job.status?.conditions, 'Failed'))
      ? [said('Failed', 'FailedJobs', 'jobset failed due to one or more job failures')]
      : []),
    ...(own.length === spec.replicatedJobs.length && own.every((job) => condition(job.status?.conditions, 'Complete'))
      ? [said('Completed', 'AllJobsCompleted', 'jobset completed successfully')]
      : []),
  ];
  const types = (of: typeof conditions) => of.map(({ type, status: is }) => `${type} ${is}`).join();
  if (types(conditions) !== types([...(status?.conditions ?? [])]))
    await objects.status(JOB_SETS, name, { conditions });
}

const isDone = ({ status }: KubeJob) =>
  (condition(status?.conditions, 'Complete') ?? condition(status?.conditions, 'Failed')) !== undefined;

/** FAKE: what Kubeflow's trainer does: a JobSet of the TrainJob's name, whose words it repeats. */
export async function reconcileTrainJobs(objects: Objects): Promise<void> {
  const sets = await objects.list<JobSet>(JOB_SETS);
  for (const { metadata, spec, status } of await objects.list<TrainJob>(TRAIN_JOBS)) {
    if (metadata.deletionTimestamp !== undefined) continue;
    const { name } = metadata;
    const { suspend = false, trainer: { numNodes = 1, ...trainer } = {} } = spec;
    const set = sets.find((each) => each.metadata.name === name);
    if (set === undefined) {
      const { resourcesPerNode: resources, ...container } = trainer as { resourcesPerNode?: object };
      const [node] = RUNTIME_POD.spec.containers;
      const containers = [{ ...node, ...container, ...(resources && { resources }) }];
      const template = {
        spec: {
          backoffLimit: 0,
          completions: numNodes,
          parallelism: numNodes,
          podReplacementPolicy: 'Failed',
          template: { spec: { ...RUNTIME_POD.spec, restartPolicy: 'Never', containers } },
        },
      };
      const made = { suspend, replicatedJobs: [{ name: 'node', template }] };
      await objects.create(JOB_SETS, { ...TRAIN_JOBS, meta: metadata }, { metadata: { name }, spec: made });
      continue;
    }
    if ((set.spec.suspend ?? false) !== suspend) await objects.patch(JOB_SETS, name, { spec: { suspend } });
    const conditions = (set.status?.conditions ?? []).map((each) =>
      each.type === 'Completed' ? { ...each, type: 'Complete' } : each,
    );
    if (JSON.stringify(conditions) !== JSON.stringify(status?.conditions ?? []))
      await objects.status(TRAIN_JOBS, name, { conditions });
  }
}
