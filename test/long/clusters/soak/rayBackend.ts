import { RayHead } from '../ray/head.ts';
import { rayCluster } from '../ray/fixture.ts';
import { held, NAMED, signal, type Act, type Backend } from './backends.ts';

/** A real Ray head in a network of its own. */
export function rayBackend(): Backend {
  const head = new RayHead();
  let mended = Promise.resolve();
  /** What is left of a head without one of its parts is no cluster: a person starts it anew. */
  async function mend(): Promise<void> {
    if (head.pids('gcs_server').length > 0 && head.pids('raylet').length > 0) return;
    head.network('up');
    await head.stopProcesses();
    await head.head();
  }
  const killed =
    (program: string): Act =>
    async () => {
      for (const pid of head.pids(program)) signal(pid, 'SIGKILL');
      return () => (mended = mended.then(mend));
    };
  const paused =
    (program: string): Act =>
    async () =>
      held(head.pids(program));
  const submitted = async (): Promise<{ submission_id: string; status: string }[]> =>
    (await fetch(`${head.address}/api/jobs/`, { signal: AbortSignal.timeout(5_000) })).json() as never;
  return {
    start: () => head.start(),
    stop: () => head.stop(),
    open: (folder) => rayCluster(head.address, folder, NAMED),
    faults: {
      'the head is killed': { lastsMs: 5_000, act: killed('gcs_server') },
      'the raylet is killed': { lastsMs: 5_000, act: killed('raylet') },
      'the head is held': { lastsMs: 15_000, act: paused('gcs_server') },
      'the raylet is held': { lastsMs: 10_000, act: paused('raylet') },
      'a job is stopped by somebody': {
        lastsMs: 0,
        act: async (which) => {
          const jobs = (await submitted().catch(() => [])).filter(({ status }) => status === 'RUNNING');
          const job = jobs[Math.floor(which * jobs.length)];
          if (job)
            await fetch(`${head.address}/api/jobs/${job.submission_id}/stop`, { method: 'POST' }).catch(
              () => undefined,
            );
          return () => undefined;
        },
      },
      'a job supervisor is killed': {
        lastsMs: 0,
        act: async (which) => {
          const pids = head.supervisors();
          const pid = pids[Math.floor(which * pids.length)];
          if (pid !== undefined) signal(pid, 'SIGKILL');
          return () => undefined;
        },
      },
      'the network is cut': {
        lastsMs: 10_000,
        act: async () => {
          head.network('down');
          return () => head.network('up');
        },
      },
    },
  };
}
