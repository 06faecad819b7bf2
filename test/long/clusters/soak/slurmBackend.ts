import path from 'node:path';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { slurmCluster } from '../slurmCluster.ts';
import { NODES, SlurmServer, type Node } from '../slurmServer.ts';
import { eventually, held, isThere, NAMED, networkCut, type Act, type Backend } from './backends.ts';

/** A real Slurm of two nodes, which gives up a node after ten seconds. */
export function slurmBackend(): Backend {
  let slurm: SlurmServer;
  const nodeOf = (which: number) => NODES[Math.floor(which * NODES.length)] as Node;
  const pidOf = async (daemon: Node | 'slurmctld') =>
    Number(
      await readFile(
        path.join(slurm.folder, 'run', daemon === 'slurmctld' ? 'slurmctld.pid' : `slurmd-${daemon}.pid`),
        'utf8',
      ).catch(() => NaN),
    );
  const killed =
    (daemonOf: (which: number) => Node | 'slurmctld'): Act =>
    async (which) => {
      const daemon = daemonOf(which);
      await slurm.kill(daemon).catch(() => undefined);
      return () => eventually(async () => (await isThere(await pidOf(daemon))) || slurm.up(daemon));
    };
  const paused =
    (daemonOf: (which: number) => Node | 'slurmctld'): Act =>
    async (which) => {
      const pid = await pidOf(daemonOf(which));
      return Number.isNaN(pid) ? () => undefined : held([pid]);
    };
  const jobs = async () =>
    (await slurm.ask('squeue', '-h', '-t', 'R', '-o', '%i')).split('\n').filter((line) => line !== '');
  const oneOf = async (which: number) => {
    const ids = await jobs().catch(() => [] as string[]);
    return ids[Math.floor(which * ids.length)];
  };
  return {
    async start(folder) {
      slurm = new SlurmServer(path.join(folder, 'slurm'), ['MinJobAge=20', 'MessageTimeout=5']);
      await slurm.start();
    },
    stop: async () => slurm?.stop(),
    open: (folder) => slurmCluster(folder, slurm.settings({ lookEveryMs: 500, commandTimeoutMs: 5_000 }), NAMED),
    faults: {
      'the controller is killed': { lastsMs: 12_000, act: killed(() => 'slurmctld') },
      'the controller is held': { lastsMs: 10_000, act: paused(() => 'slurmctld') },
      'a node daemon is killed': { lastsMs: 5_000, act: killed(nodeOf) },
      'a node is lost, and comes back': { lastsMs: 40_000, act: killed(nodeOf) },
      'a node daemon is held': { lastsMs: 15_000, act: paused(nodeOf) },
      'a job is cancelled by somebody': {
        lastsMs: 0,
        act: async (which) => {
          const id = await oneOf(which);
          if (id !== undefined) await slurm.ask('scancel', id).catch(() => '');
          return () => undefined;
        },
      },
      'a job is requeued by somebody': {
        lastsMs: 0,
        act: async (which) => {
          const id = await oneOf(which);
          if (id !== undefined) {
            await slurm.ask('scontrol', 'update', `JobId=${id}`, 'Requeue=1').catch(() => '');
            await slurm.ask('scontrol', 'requeue', id).catch(() => '');
          }
          return () => undefined;
        },
      },
      'jobs are preempted': {
        lastsMs: 4_000,
        act: async () => {
          const wrap = ['--exclusive', '-N', '2', '-o', '/dev/null', '--wrap=sleep 3'];
          await slurm.ask('sbatch', '--parsable', '-p', 'urgent', ...wrap).catch(() => '');
          return async () => {
            await slurm.ask('scancel', `--user=${userInfo().username}`, '-p', 'urgent').catch(() => '');
          };
        },
      },
      'the network is cut': { lastsMs: 15_000, act: networkCut },
    },
  };
}
