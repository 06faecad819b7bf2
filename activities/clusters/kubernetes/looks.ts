import type { KubernetesApi } from './api.ts';
import type { Kind } from './kinds.ts';
import { INSTALLATION, MANAGED } from './names.ts';
import type { KubeJob, List, Pod } from './objects.ts';

export interface Seen {
  /** Undefined: there is none of that name. */
  readonly job: KubeJob | undefined;
  readonly pods: readonly Pod[];
}

type Listed = ReadonlyMap<string, Seen>;

/** What is there of this installation's jobs: one list for all who look at about the same time. */
export class Looks {
  readonly #api: KubernetesApi;
  readonly #kind: Kind;
  readonly #namespace: string;
  readonly #everyMs: number;
  #last: { readonly until: number; readonly listed: Promise<Listed> } | undefined;

  constructor(api: KubernetesApi, kind: Kind, { namespace, lookEveryMs }: { namespace: string; lookEveryMs: number }) {
    this.#api = api;
    this.#kind = kind;
    this.#namespace = namespace;
    this.#everyMs = lookEveryMs;
  }

  /** As it was at most an interval ago. What is not among the listed is asked for by its name. */
  async of(name: string, installation: string): Promise<Seen> {
    const now = Date.now();
    if (this.#last === undefined || now >= this.#last.until) {
      // Between a half and a whole interval: many who began together do not ask together for ever.
      const until = now + this.#everyMs * (0.5 + Math.random() / 2);
      const listed = this.#list(`${MANAGED}=flywheel,${INSTALLATION}=${installation}`);
      this.#last = { until, listed };
      listed.catch(() => this.forget());
    }
    return (await this.#last.listed).get(name) ?? this.now(name);
  }

  /** As it is. */
  async now(name: string): Promise<Seen> {
    const job = await this.#api.get<KubeJob>(`${this.jobs}/${name}`);
    const pods = await this.#pods(`${this.#kind.podLabel}=${name}`);
    return { job: job && this.#kind.asJob(job), pods };
  }

  /** After a change of ours, what was listed before is not what is. */
  forget(): void {
    this.#last = undefined;
  }

  get jobs(): string {
    return `${this.#kind.api}/namespaces/${this.#namespace}/${this.#kind.plural}`;
  }

  get pods(): string {
    return `/api/v1/namespaces/${this.#namespace}/pods`;
  }

  /** Jobs before pods: a pod that a Job's end was waiting for is seen to have ended. */
  async #list(selector: string): Promise<Listed> {
    const { podLabel, labelled } = this.#kind;
    const jobs = await this.#api.get<List<KubeJob>>(`${this.jobs}?labelSelector=${encodeURIComponent(selector)}`);
    const pods = await this.#pods(labelled ? selector : podLabel);
    return new Map(
      (jobs?.items ?? []).map((job) => {
        const { name } = job.metadata;
        const its = pods.filter(({ metadata }) => metadata.labels?.[podLabel] === name);
        return [name, { job: this.#kind.asJob(job), pods: its }];
      }),
    );
  }

  async #pods(selector: string): Promise<readonly Pod[]> {
    const list = await this.#api.get<List<Pod>>(`${this.pods}?labelSelector=${encodeURIComponent(selector)}`);
    return list?.items ?? [];
  }

  /** A job of the same name is another one where its uid is. */
  ofThat({ job, pods }: Seen, uid: string): Seen {
    const { uidLabel } = this.#kind;
    const mine = uidLabel === undefined ? pods : pods.filter(({ metadata }) => metadata.labels?.[uidLabel] === uid);
    return { job: job?.metadata.uid === uid ? job : undefined, pods: mine };
  }
}
