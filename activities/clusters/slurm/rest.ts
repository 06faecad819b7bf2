import { failure } from '../../failure.ts';
import type { Environment } from '../../processes/records.ts';
import type { ClusterCapacity } from '../types.ts';
import {
  capacityOfRest,
  isGone,
  jobOfRest,
  refusalByNodes,
  refusalOf,
  submissionOf,
  wordsOf,
  type RestError,
  type RestJob,
  type RestNode,
} from './restShapes.ts';
import type { SlurmSettings } from './settings.ts';
import { RestToken } from './token.ts';
import type { SlurmJob, SlurmRequest, SlurmTransport } from './types.ts';

type Rest = NonNullable<SlurmSettings['rest']>;

interface Answer {
  readonly status: number;
  readonly errors: readonly RestError[];
  readonly job_id?: number;
  readonly jobs?: readonly RestJob[];
  readonly nodes?: readonly RestNode[];
}

/** Slurm by slurmrestd, where a site has it open. */
export class SlurmRest implements SlurmTransport {
  readonly controller: string;
  readonly #settings: SlurmSettings;
  readonly #rest: Rest;
  readonly #token: RestToken;

  constructor(settings: SlurmSettings & { readonly rest: Rest }, env: Environment) {
    this.#settings = settings;
    this.#rest = settings.rest;
    this.#token = new RestToken(this.#rest, settings.conf === undefined ? env : { ...env, SLURM_CONF: settings.conf });
    this.controller = `rest ${this.#rest.url} ${this.#rest.user}`;
  }

  /** @throws `ClusterTooSmall` for what is refused at once, such as a partition that is not there. */
  async submit(request: SlurmRequest): Promise<string> {
    const answer = await this.#ask('POST', 'job/submit', submissionOf(request, this.#settings, this.#rest.version));
    if (typeof answer.job_id === 'number' && answer.job_id > 0) return String(answer.job_id);
    const refused = refusalOf(answer.errors);
    if (refused !== undefined)
      throw failure(
        'ClusterTooSmall',
        `Expected Slurm to take a job of ${request.nodes} node(s)${request.gres === undefined ? '' : ` with ${request.gres}`}, ` +
          `it says: ${refused}. Change the lap's training.nodes and training.gpusPerNode, or FLYWHEEL_CLUSTERS`,
      );
    throw failed('job/submit', answer);
  }

  /** slurmrestd has no dry run: what its nodes have is compared here. */
  async refusal(request: SlurmRequest): Promise<string | undefined> {
    if (request.steps) return 'slurmrestd cannot ask the processes of several nodes to save: use the commands';
    const { nodes } = await this.#expect('GET', 'nodes');
    return refusalByNodes(request, nodes ?? [], request.partition ?? this.#settings.partition);
  }

  async list(names: readonly string[]): Promise<SlurmJob[]> {
    if (names.length === 0) return [];
    const answer = await this.#expect('GET', 'jobs');
    if (answer.jobs === undefined) throw failed('jobs', answer);
    return answer.jobs
      .filter(({ name = '', user_name: user }) => names.includes(name) && (user ?? this.#rest.user) === this.#rest.user)
      .map(jobOfRest);
  }

  async ended(): Promise<SlurmJob | undefined> {
    return undefined;
  }

  async release(id: string): Promise<void> {
    await this.#expect('POST', `job/${id}`, { hold: false });
  }

  async terminate(id: string): Promise<void> {
    // v0.0.38 signals every process of the job; later versions are told to.
    const all = this.#rest.version === 'v0.0.38' ? '' : '&flags=FULL_JOB';
    await this.#end(`job/${id}?signal=TERM${all}`);
  }

  async cancel(id: string): Promise<void> {
    await this.#end(`job/${id}`);
  }

  async capacity(): Promise<ClusterCapacity> {
    const answer = await this.#expect('GET', 'nodes');
    return capacityOfRest(answer.nodes ?? [], this.#settings.partition);
  }

  async #end(path: string): Promise<void> {
    const answer = await this.#ask('DELETE', path);
    if (answer.status >= 400 && !isGone(answer.errors)) throw failed(path, answer);
  }

  async #expect(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await this.#ask(method, path, body);
    if (answer.status >= 400 || answer.errors.length > 0) throw failed(path, answer);
    return answer;
  }

  /** A refused token looks like a controller that is away: one that is newly made tells them apart. */
  async #ask(method: string, path: string, body?: object, again = true): Promise<Answer> {
    const { url, version, user } = this.#rest;
    const response = await fetch(`${url}/slurm/${version}/${path}`, {
      method,
      headers: {
        'x-slurm-user-name': user,
        'x-slurm-user-token': await this.#token.current(),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.#settings.commandTimeoutMs),
    });
    const text = await response.text();
    let said: Partial<Answer>;
    try {
      said = JSON.parse(text) as Partial<Answer>;
    } catch {
      said = { errors: [{ error: text.slice(0, 200) }] };
    }
    const answer = { ...said, status: response.status, errors: said.errors ?? [] };
    const away = answer.errors.some(({ error_number: number }) => number === -1);
    if ((response.status === 401 || away) && again) {
      this.#token.forget();
      if (method !== 'POST') return this.#ask(method, path, body, false);
    }
    return answer;
  }
}

function failed(path: string, { status, errors }: Answer): Error {
  return new Error(
    `Expected slurmrestd to answer ${path.split('?')[0]}, it said ${status}: ${wordsOf(errors).slice(0, 600)}`,
  );
}
