import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

/** An answer of the API server that is not what was asked for; `reason` is Kubernetes' own word. */
export class KubernetesRefusal extends Error {
  override readonly name = 'KubernetesRefusal';
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** A server whose store is gone takes calls and never answers them. Ours. */
const TIMEOUT_MS = 15_000;

/**
 * Calls of the API server of a kubeconfig's context. How it is reached and who we are (certificates, tokens, programs
 * that get them, proxies) is the kept client's to say; objects are plain JSON, of whatever kind.
 */
export class KubernetesApi {
  readonly #where: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined };
  #config: Promise<KubeConfig> | undefined;

  constructor(where: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined }) {
    this.#where = where;
  }

  /** @returns undefined where there is nothing of that name. */
  async get<T>(path: string): Promise<T | undefined> {
    try {
      return JSON.parse(await this.#call('GET', path)) as T;
    } catch (error) {
      if (error instanceof KubernetesRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * A field that is unknown is refused.
   * @param dryRun nothing is made, and it is told whether it would be.
   * @throws a KubernetesRefusal `AlreadyExists` where something has that name.
   */
  async create<T>(path: string, object: object, dryRun?: 'All'): Promise<T> {
    const query = `fieldValidation=Strict${dryRun === undefined ? '' : `&dryRun=${dryRun}`}`;
    return JSON.parse(await this.#call('POST', `${path}?${query}`, object)) as T;
  }

  /** Changes what is there. */
  async patch(path: string, change: object): Promise<void> {
    try {
      await this.#call('PATCH', path, change, 'application/merge-patch+json');
    } catch (error) {
      if (!(error instanceof KubernetesRefusal && error.status === 404)) throw error;
    }
  }

  /** Asks for a deletion. What is not there, or is another by now, is left as it is. */
  async delete(path: string, options: object): Promise<void> {
    try {
      await this.#call('DELETE', path, options);
    } catch (error) {
      if (!(error instanceof KubernetesRefusal && (error.status === 404 || error.reason === 'Conflict'))) throw error;
    }
  }

  text(path: string): Promise<string> {
    return this.#call('GET', path);
  }

  async #call(method: string, path: string, body?: object, type = 'application/json'): Promise<string> {
    const config = await this.#loaded();
    const server = config.getCurrentCluster()?.server ?? '';
    const url = new URL(server.replace(/\/$/, '') + path);
    const text = body && JSON.stringify(body);
    const options: RequestOptions = {
      method,
      // Node sends the body of a DELETE without a length unless told: it is read as the next request then.
      headers: { ...(text !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(text) }) },
    };
    await config.applyToHTTPSOptions(options);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await answerOf(url, { ...options, signal }, text);
    } catch (error) {
      if (error instanceof KubernetesRefusal) throw told(error, `${method} ${path}`);
      const why = signal.aborted ? `no answer in ${TIMEOUT_MS / 1000} s` : (error as Error).message;
      throw new Error(`The API server ${server} is not reached (${method} ${path}): ${why}`, { cause: error });
    }
  }

  #loaded(): Promise<KubeConfig> {
    this.#config ??= this.#load().catch((error) => {
      this.#config = undefined;
      throw error;
    });
    return this.#config;
  }

  async #load(): Promise<KubeConfig> {
    // Half a minute of a busy machine, and 75 MB: for who has such a cluster alone.
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    const { kubeconfig, context } = this.#where;
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    const names = config.getContexts().map(({ name }) => name);
    const of = `${kubeconfig ?? 'the kubeconfig'} (contexts: ${names.join(', ')})`;
    if (context !== undefined) {
      if (!names.includes(context))
        throw new Error(`Expected context to be one of ${of}, got ${JSON.stringify(context)}`);
      config.setCurrentContext(context);
    }
    const server = config.getCurrentCluster()?.server;
    if (server === undefined || server === 'http://localhost:8080')
      throw new Error(
        `Expected a Kubernetes cluster in ${of}, got none: set kubeconfig and context in FLYWHEEL_CLUSTERS`,
      );
    return config;
  }
}

function answerOf(url: URL, options: RequestOptions, body: string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const asked = request(url, options, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const { statusCode = 0 } = response;
          if (statusCode >= 200 && statusCode < 300) resolve(text);
          else reject(refusalIn(statusCode, text));
        });
    });
    asked.on('error', reject).end(body);
  });
}

function refusalIn(status: number, text: string): KubernetesRefusal {
  try {
    const { reason = '', message = '' } = JSON.parse(text) as { reason?: string; message?: string };
    return new KubernetesRefusal(status, reason, message);
  } catch {
    return new KubernetesRefusal(status, '', text.slice(0, 200)); // not of the API server, but of what is before it
  }
}

const REMEDIES: Readonly<Record<number, string>> = {
  401: ': the credentials of the kubeconfig are not taken, or no longer',
  403: ': ask for this right, or choose another namespace or context',
};

function told({ status, reason, message }: KubernetesRefusal, call: string): KubernetesRefusal {
  return new KubernetesRefusal(
    status,
    reason,
    `Kubernetes answers ${call} with ${status} ${reason}, ${JSON.stringify(message)}${REMEDIES[status] ?? ''}`,
  );
}
