import { request } from 'undici';
import * as z from 'zod';

/** Ours: a dead head lets calls hang; what is asked again heals. */
const CALL_TIMEOUT_MS = 10_000;

const jobSchema = z.object({
  submission_id: z.string(),
  status: z.string(),
  message: z.string().nullish(),
  /** Milliseconds since the epoch: of the submission. */
  start_time: z.number().nullish(),
  driver_node_id: z.string().nullish(),
  driver_exit_code: z.number().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
/** A job as the head tells it. */
export type RayJob = z.infer<typeof jobSchema>;

const nodesSchema = z.object({
  data: z.object({
    result: z.object({
      result: z.array(
        z.object({
          node_id: z.string(),
          state: z.string(),
          resources_total: z.record(z.string(), z.number()).nullish(),
        }),
      ),
    }),
  }),
});

/** A node of the cluster. */
export interface RayNode {
  readonly id: string;
  readonly alive: boolean;
  readonly gpus: number;
}

/** What a job is submitted with. */
export interface RaySubmission {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly entrypoint_num_cpus: number;
  readonly entrypoint_num_gpus: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly runtime_env: { readonly env_vars: Readonly<Record<string, string>> };
}

/** The Jobs API of a Ray head (version 4), and its list of nodes. Whatever is no answer throws, and may heal. */
export class RayApi {
  readonly #address: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param token of a cluster with authentication. @default none */
  constructor(address: string, token?: string) {
    this.#address = address.replace(/\/$/, '');
    this.#headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  }

  /** @returns `exists` where there is a job of that id already, also one that has ended. */
  async submit(submission: RaySubmission): Promise<'submitted' | 'exists'> {
    const { status, text } = await this.#call('POST', '/api/jobs/', submission);
    if (status === 200) return 'submitted';
    if (status === 500 && text.includes(`${submission.submission_id} already exists`)) return 'exists';
    throw this.#refusal('POST /api/jobs/', status, text);
  }

  /** Undefined: the head knows no such job (any more). */
  async job(id: string): Promise<RayJob | undefined> {
    const { status, text } = await this.#call('GET', `/api/jobs/${id}`);
    if (status === 404) return undefined;
    if (status !== 200) throw this.#refusal(`GET /api/jobs/${id}`, status, text);
    return jobSchema.parse(JSON.parse(text));
  }

  /** Asks a job to end; one that waits for resources does not listen. */
  async stop(id: string): Promise<void> {
    const { status, text } = await this.#call('POST', `/api/jobs/${id}/stop`);
    if (status !== 200 && status !== 404) throw this.#refusal(`POST /api/jobs/${id}/stop`, status, text);
  }

  async nodes(): Promise<RayNode[]> {
    const { status, text } = await this.#call('GET', '/api/v0/nodes?limit=10000');
    if (status !== 200) throw this.#refusal('GET /api/v0/nodes', status, text);
    return nodesSchema
      .parse(JSON.parse(text))
      .data.result.result.map(({ node_id, state, resources_total }) => ({
        id: node_id,
        alive: state === 'ALIVE',
        gpus: Math.floor(resources_total?.['GPU'] ?? 0),
      }));
  }

  async #call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<{ status: number; text: string }> {
    try {
      // Not by `fetch`, whose headers are a browser's: Ray refuses those.
      const { statusCode, body: said } = await request(this.#address + path, {
        method,
        headers: this.#headers,
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: statusCode, text: await said.text() };
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`The Ray head at ${this.#address} does not answer (${message}); is it up?`, { cause: error });
    }
  }

  #refusal(what: string, status: number, text: string): Error {
    const said = text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    return new Error(`The Ray head at ${this.#address} answered ${what} with HTTP ${status}: ${said}`);
  }
}
