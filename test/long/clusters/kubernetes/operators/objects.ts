import type { Condition, Meta, Pod } from '../../../../../activities/clusters/kubernetes/objects.ts';
import type { ControlPlane } from '../controlPlane.ts';

/** An object that an operator looks after. */
export interface Owned<Spec, Status> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Meta;
  readonly spec: Spec;
  readonly status?: Status;
}

export type Conditions = { readonly conditions?: readonly Condition[] };

/** Where objects of a kind lie. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

/**
 * FAKE: stands for the definition that an operator brings. The real ones say every field; this one takes any.
 */
export async function define(plane: ControlPlane, { group, version, plural, kind }: Resource): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  await plane.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [{ name: version, served: true, storage: true, subresources: { status: {} }, schema }],
    },
  });
}

/** Objects of the namespace `default`, as an operator sees and changes them. */
export class Objects {
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  list<T>({ group, version, plural }: Resource): Promise<T[]> {
    return this.#plane.list<T>(`${group === '' ? '' : `${group}/`}${version}/${plural}`);
  }

  async create(resource: Resource, owner: Resource & { readonly meta: Meta }, object: object): Promise<void> {
    const { metadata = {} } = object as { metadata?: object };
    const { name, uid } = owner.meta;
    const apiVersion = `${owner.group}/${owner.version}`;
    const reference = { apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
    const own = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    const body = {
      apiVersion: own,
      kind: resource.kind,
      ...object,
      metadata: { ...metadata, ownerReferences: [reference] },
    };
    await this.#plane.call('POST', this.#path(resource), body);
  }

  async patch(resource: Resource, name: string, change: object): Promise<void> {
    await this.#plane.call('PATCH', `${this.#path(resource)}/${name}`, change);
  }

  async status(resource: Resource, name: string, status: object): Promise<void> {
    await this.#plane.call('PATCH', `${this.#path(resource)}/${name}/status`, { status });
  }

  async delete(resource: Resource, name: string): Promise<void> {
    await this.#plane.call('DELETE', `${this.#path(resource)}/${name}`, { propagationPolicy: 'Background' });
  }

  #path({ group, version, plural }: Resource): string {
    return `/${group === '' ? 'api' : `apis/${group}`}/${version}/namespaces/default/${plural}`;
  }
}

export const JOBS: Resource = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job' };
export const PODS: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
export const JOB_SETS: Resource = { group: 'jobset.x-k8s.io', version: 'v1alpha2', plural: 'jobsets', kind: 'JobSet' };
export const TRAIN_JOBS: Resource = {
  group: 'trainer.kubeflow.org',
  version: 'v1alpha1',
  plural: 'trainjobs',
  kind: 'TrainJob',
};
export const RAY_JOBS: Resource = { group: 'ray.io', version: 'v1', plural: 'rayjobs', kind: 'RayJob' };

/** A condition that has just come to hold. */
export const said = (type: string, reason: string, message: string, status: 'True' | 'False' = 'True'): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: new Date().toISOString(),
});

export const ended = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
