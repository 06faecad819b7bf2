import type { JobAttempt } from '../types.ts';
import { KubernetesRefusal, type KubernetesApi } from './api.ts';
import { secretManifest } from './manifest.ts';
import type { KubeJob } from './objects.ts';

/** The Secrets that jobs have their environment from, one for each, of the Job's name. */
export class JobSecrets {
  readonly #api: KubernetesApi;
  readonly #path: string;
  readonly #theirs: string | undefined;
  readonly #owner: { readonly apiVersion: string; readonly kind: string };

  /** @param theirs a Secret of the site's, in place of ours. @param owner what jobs are. */
  constructor(
    api: KubernetesApi,
    namespace: string,
    theirs: string | undefined,
    { apiVersion, kind }: { apiVersion: string; kind: string },
  ) {
    this.#api = api;
    this.#owner = { apiVersion, kind };
    this.#path = `/api/v1/namespaces/${namespace}/secrets`;
    this.#theirs = theirs;
  }

  /**
   * Before the Job, which whoever comes after a kill adopts as it is: without its Secret, it would never start.
   * @returns the Secret's name.
   */
  async make(attempt: Pick<JobAttempt, 'env'>, name: string, installation: string): Promise<string> {
    if (this.#theirs !== undefined) return this.#theirs;
    const manifest = secretManifest(attempt, { name, installation });
    try {
      await this.#api.create(this.#path, manifest);
    } catch (error) {
      if (!(error instanceof KubernetesRefusal && error.reason === 'AlreadyExists')) throw error;
      await this.#api.patch(`${this.#path}/${name}`, { stringData: manifest['stringData'] });
    }
    return name;
  }

  /** It goes with its Job, whoever deletes that. */
  async give({ metadata: { name, uid } }: KubeJob): Promise<void> {
    if (this.#theirs !== undefined) return;
    const owner = { ...this.#owner, name, uid };
    await this.#api.patch(`${this.#path}/${name}`, { metadata: { ownerReferences: [owner] } });
  }

  async drop(name: string): Promise<void> {
    if (this.#theirs === undefined) await this.#api.delete(`${this.#path}/${name}`, {});
  }
}
