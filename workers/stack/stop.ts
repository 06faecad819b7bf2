import { rm } from 'node:fs/promises';
import { readLiving, terminate } from '../../activities/processes/records.ts';
import { store } from '../store.ts';
import { LocalCluster } from '../../activities/clusters/local.ts';
import { stopJobs } from '../../activities/training/activities.ts';
import { configuredClusters, configuredServers, poolClusters } from '../configured.ts';
import { recordFile, SERVICES, type ServiceName } from './services.ts';
import type { Say } from './step.ts';

/** How long training jobs have to save their state. */
const TRAINER_GRACE_MS = 20_000;
const MODEL_SERVER_GRACE_MS = 5_000;

/**
 * Ends every process of the stack, by their records, whoever started them. The order matters: with the worker gone,
 * nobody submits the next attempt of a job that is asked to end; the trainers get their last rewards; the server closes
 * last, and the workflow stays open in it.
 */
export async function stopStack(say: Say): Promise<void> {
  await stopService('desk', say);
  await stopService('worker', say);
  for (const cluster of configuredClusters()) {
    if (!(cluster instanceof LocalCluster)) continue; // another's jobs do not need this machine
    for (const { jobKey } of await stopJobs(store, cluster, TRAINER_GRACE_MS))
      say(`training job ${jobKey}: stopped, its state is saved`);
  }
  await stopService('reward', say);
  for (const cluster of poolClusters()) {
    if (!(cluster instanceof LocalCluster)) continue;
    for (const job of await cluster.running()) {
      await cluster.stop(job, MODEL_SERVER_GRACE_MS);
      say(`replica ${job.jobKey}: stopped`);
    }
  }
  for (const { name } of await configuredServers().stop({ graceMs: MODEL_SERVER_GRACE_MS }))
    say(`model server ${name}: stopped`);
  await stopService('temporal', say);
}

async function stopService(name: ServiceName, say: Say): Promise<void> {
  const file = recordFile(name);
  const record = await readLiving(file);
  if (record !== undefined) {
    await terminate(record, SERVICES[name]);
    say(`${name}: stopped`);
  }
  await rm(file, { force: true });
}
