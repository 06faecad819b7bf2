/** What is read of Kubernetes' objects, by the names that its API gives them. Times are ISO, to the second. */
export interface Meta {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  /** Somebody has asked for its deletion; it goes when nothing of it is left. */
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** A Job, or another object that is one attempt. */
export interface KubeJob {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Meta;
  readonly spec?: { readonly suspend?: boolean };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly startTime?: string;
    /** Pods that were asked to end and have not yet. */
    readonly terminating?: number;
    /** Of a RayJob. */
    readonly jobDeploymentStatus?: string;
    readonly jobStatus?: string;
    readonly reason?: string;
    readonly message?: string;
    /** Whether its attempt has begun, where its pods do not tell. */
    readonly begun?: boolean;
    /** When it did. */
    readonly begunAt?: string;
    /** Of a RayJob, what Ray says. */
    readonly rayJobInfo?: { readonly startTime?: string };
  };
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  readonly status?: {
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    readonly reason?: string;
    readonly message?: string;
    readonly startTime?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly ready?: boolean;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: {
      readonly exitCode: number;
      readonly reason?: string;
      readonly message?: string;
      readonly startedAt?: string;
    };
  };
}

export interface KubeNode {
  readonly metadata: Meta;
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly Condition[];
  };
}

export interface List<T> {
  readonly items: readonly T[];
}

/** Whether a condition holds, with what it says. */
export function condition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((each) => each.type === type && each.status === 'True');
}
