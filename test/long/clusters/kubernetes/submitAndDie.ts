import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { JobAttempt } from '../../../../activities/clusters/types.ts';

/** Submits from a process of its own, which is killed as soon as it has. @param more settings of the cluster. */
export async function submitAndDie(kubeconfig: string, folder: string, attempt: JobAttempt, more: object = {}) {
  const args = [kubeconfig, folder, JSON.stringify(attempt), JSON.stringify(more)];
  const submitter = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/long/clusters/kubernetes/submitter.ts', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await Promise.race([once(submitter.stdout, 'data'), once(submitter, 'exit')]);
  submitter.kill('SIGKILL');
  if (submitter.exitCode === null && submitter.signalCode === null) await once(submitter, 'exit');
}
