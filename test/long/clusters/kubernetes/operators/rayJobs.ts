import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Pod } from '../../../../../activities/clusters/kubernetes/objects.ts';
import { ended, PODS, RAY_JOBS, type Objects, type Owned } from './objects.ts';

interface Group {
  readonly replicas?: number;
  readonly template: { readonly metadata?: object; readonly spec: { readonly containers: readonly object[] } };
}

type RayJob = Owned<
  {
    readonly suspend?: boolean;
    readonly entrypoint: string;
    readonly rayClusterSpec: { readonly headGroupSpec: Group; readonly workerGroupSpecs?: readonly Group[] };
  },
  { readonly jobDeploymentStatus?: string; readonly jobStatus?: string }
>;

/** A head that runs what it is asked to, once it is asked; asked to end, it has that end first. */
const HEAD = `
while [ ! -e "$FAKE_GO" ]; do sleep 0.05; done
eval "exec $FAKE_ENTRYPOINT" & child=$!
trap 'over=1; kill -TERM $child 2> /dev/null' TERM
wait $child; code=$?
while kill -0 $child 2> /dev/null; do wait $child; code=$?; done
echo $code > "$FAKE_RESULT"
[ -n "$over" ] && exit $code
exec sleep 3600
`;

/** FAKE: what KubeRay does, without Ray: pods of a head and its workers, and the entrypoint within the head's. */
export class RayJobs {
  readonly #objects: Objects;
  readonly #folder: string;

  constructor(objects: Objects, folder: string) {
    this.#objects = objects;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async reconcile(): Promise<void> {
    const pods = await this.#objects.list<Pod>(PODS);
    for (const job of await this.#objects.list<RayJob>(RAY_JOBS)) await this.#one(job, pods);
  }

  async #one(job: RayJob, all: readonly Pod[]): Promise<void> {
    const { metadata, spec, status } = job;
    if (metadata.deletionTimestamp !== undefined) return;
    const { name, uid } = metadata;
    const pods = all.filter((pod) => pod.metadata.labels?.['ray.io/cluster'] === name);
    const says = (jobDeploymentStatus: string, more: object = {}) =>
      this.#objects.status(RAY_JOBS, name, { jobDeploymentStatus, ...more });
    const go = this.#file(`${uid}.go`);
    const result = this.#file(`${uid}.result`);
    const deployment = status?.jobDeploymentStatus ?? '';
    switch (deployment) {
      case '':
        return spec.suspend === true ? says('Suspended') : says('Initializing');
      case 'Initializing':
        if (spec.suspend === true) return says('Suspending');
        await this.#make(job, pods, { go, result });
        if (pods.length < 1 + this.#workers(job).length || pods.some((pod) => pod.status?.phase !== 'Running')) return;
        writeFileSync(go, '');
        return says('Running', { jobStatus: 'RUNNING', rayJobInfo: { startTime: new Date().toISOString() } });
      case 'Running': {
        if (spec.suspend === true) return says('Suspending', { jobStatus: 'STOPPED' });
        const head = pods.find((pod) => pod.metadata.name === `${name}-head`);
        const code = existsSync(result) ? Number(readFileSync(result, 'utf8').trim() || NaN) : undefined;
        if (code === 0) return says('Complete', { jobStatus: 'SUCCEEDED' });
        if (code === undefined && head && !ended(head)) return undefined;
        const message =
          code === undefined ? 'the head is gone' : `Job entrypoint command failed with exit code ${code}`;
        return says('Failed', { jobStatus: 'FAILED', reason: 'AppFailed', message });
      }
      case 'Suspending':
        await this.#drop(pods);
        return pods.length === 0 ? says('Suspended', { jobStatus: '' }) : undefined;
      case 'Suspended':
        return spec.suspend === true ? undefined : says('');
      default: // over: its cluster goes
        return this.#drop(pods);
    }
  }

  #workers({ spec }: RayJob): Group[] {
    return (spec.rayClusterSpec.workerGroupSpecs ?? []).flatMap((group) =>
      Array.from({ length: group.replicas ?? 0 }, () => group),
    );
  }

  async #make(job: RayJob, pods: readonly Pod[], { go, result }: { go: string; result: string }): Promise<void> {
    const { metadata, spec } = job;
    const seen = { FAKE_GO: go, FAKE_RESULT: result, FAKE_ENTRYPOINT: spec.entrypoint };
    const env = Object.entries(seen).map(([name, value]) => ({ name, value }));
    await this.#pod(
      job,
      pods,
      `${metadata.name}-head`,
      spec.rayClusterSpec.headGroupSpec,
      ['/bin/sh', '-c', HEAD],
      env,
    );
    for (const [index, group] of this.#workers(job).entries())
      await this.#pod(job, pods, `${metadata.name}-worker-${index}`, group, ['/bin/sleep', '3600'], []);
  }

  async #pod(
    { metadata }: RayJob,
    pods: readonly Pod[],
    name: string,
    { template }: Group,
    command: string[],
    env: object[],
  ): Promise<void> {
    if (pods.some((pod) => pod.metadata.name === name)) return;
    const { labels = {}, ...more } = (template.metadata ?? {}) as { labels?: object };
    const [first = {}] = template.spec.containers;
    const container = { ...first, command, env: [...((first as { env?: object[] }).env ?? []), ...env] };
    await this.#objects.create(
      PODS,
      { ...RAY_JOBS, meta: metadata },
      {
        metadata: { ...more, name, labels: { ...labels, 'ray.io/cluster': metadata.name } },
        spec: { ...template.spec, restartPolicy: 'Never', containers: [container] },
      },
    );
  }

  async #drop(pods: readonly Pod[]): Promise<void> {
    for (const { metadata } of pods)
      if (metadata.deletionTimestamp === undefined) await this.#objects.delete(PODS, metadata.name);
  }

  #file(name: string): string {
    return path.join(this.#folder, name);
  }
}
