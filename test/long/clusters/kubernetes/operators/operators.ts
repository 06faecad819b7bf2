import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../controlPlane.ts';
import { reconcileJobSets, reconcileTrainJobs } from './jobSets.ts';
import { define, JOB_SETS, Objects, RAY_JOBS, TRAIN_JOBS } from './objects.ts';
import { RayJobs } from './rayJobs.ts';

/**
 * FAKE: the operators of JobSet, Kubeflow's trainer and KubeRay, which move the status of their objects as the real ones
 * do; the Jobs and pods that they make are real ones of the control plane.
 */
export class Operators {
  readonly #plane: ControlPlane;
  readonly #folder: string;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(plane: ControlPlane, folder: string) {
    this.#plane = plane;
    this.#folder = folder;
  }

  async start(): Promise<void> {
    for (const resource of [JOB_SETS, TRAIN_JOBS, RAY_JOBS]) await define(this.#plane, resource);
    const objects = new Objects(this.#plane);
    const rayJobs = new RayJobs(objects, this.#folder);
    for (const resource of [JOB_SETS, TRAIN_JOBS, RAY_JOBS])
      for (;;) {
        if ((await objects.list(resource).catch(() => undefined)) !== undefined) break;
        await sleep(200);
      }
    this.#running = this.#run([
      () => reconcileTrainJobs(objects),
      () => reconcileJobSets(objects),
      () => rayJobs.reconcile(),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(work: readonly (() => Promise<void>)[]): Promise<void> {
    while (!this.#stopped) {
      for (const each of work) await each().catch(() => undefined); // as after a conflict: again
      await sleep(100);
    }
  }
}
