import { randomBytes } from 'node:crypto';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../activities/processes/ports.ts';
import type { SlurmSettings } from '../../../activities/clusters/slurm/settings.ts';
import { slurmSettings } from '../../../activities/clusters/slurm/settings.ts';

const run = promisify(execFile);
export const NODES = ['n1', 'n2'] as const;
export type Node = (typeof NODES)[number];
type Daemon = 'slurmctld' | Node;

/** What a test of Slurm needs on its machine. */
const PROGRAMS = ['slurmctld', 'slurmd', 'slurmrestd', 'sbatch', 'squeue', 'scancel', 'scontrol', 'sinfo'];
const PACKAGES = 'slurm-wlm slurmrestd slurm-wlm-jwt-plugin';

/**
 * A real Slurm of this machine: a controller and two nodes with four pretended GPUs each, all of this user, on
 * 127.0.0.1, without munge.
 */
export class SlurmServer {
  readonly folder: string;
  readonly #extra: readonly string[];
  #ports: readonly number[] = [];
  #restd: ChildProcess | undefined;

  /** @param extra lines of slurm.conf that replace those of the same name. */
  constructor(folder: string, extra: readonly string[] = []) {
    this.folder = folder;
    this.#extra = extra;
  }

  get conf(): string {
    return path.join(this.folder, 'slurm.conf');
  }

  /** Settings of a cluster that is this Slurm, as FLYWHEEL_CLUSTERS would have them. */
  settings(more: Partial<SlurmSettings> = {}): SlurmSettings {
    return slurmSettings.parse({
      kind: 'slurm',
      conf: this.conf,
      gres: 'gpu:h100:{gpus}',
      lookEveryMs: 200,
      warnSeconds: 20,
      sharesMachine: true,
      ...more,
    });
  }

  /** The same by slurmrestd, which is started for it. */
  async restSettings(more: Partial<SlurmSettings> = {}): Promise<SlurmSettings> {
    const url = `http://127.0.0.1:${this.#ports[3]}`;
    if (this.#restd === undefined) {
      const env = { ...this.#env(), SLURM_JWT: 'daemon', SLURMRESTD_SECURITY: 'disable_user_check' };
      const args = ['-a', 'rest_auth/jwt', '-s', 'openapi/v0.0.38', `127.0.0.1:${this.#ports[3]}`];
      this.#restd = spawn('slurmrestd', args, { env, stdio: 'ignore' });
      await this.until(
        'slurmrestd answers',
        async () => (await fetch(`${url}/openapi`, { signal: AbortSignal.timeout(2_000) })).status > 0,
      );
    }
    const env = this.#env();
    const command = [
      'env',
      `SLURM_CONF=${this.conf}`,
      `PATH=${env['PATH']}`,
      'scontrol',
      'token',
      'lifespan={seconds}',
    ];
    return this.settings({
      ...more,
      rest: { url, version: 'v0.0.38', user: userInfo().username, tokenCommand: command, tokenSeconds: 120 },
    });
  }

  /** @throws naming what is not installed, and how to install it. */
  async start(): Promise<void> {
    const missing: string[] = [];
    for (const program of PROGRAMS)
      await run('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`]).catch(() => missing.push(program));
    if (missing.length > 0)
      throw new Error(
        `Expected ${missing.join(', ')} on this machine: apt-get install -y --no-install-recommends ${PACKAGES}`,
      );
    for (const name of ['state', 'log', 'run', 'spool']) await mkdir(path.join(this.folder, name), { recursive: true });
    this.#ports = [await freePort(), await freePort(), await freePort(), await freePort()];
    await writeFile(path.join(this.folder, 'jwt.key'), randomBytes(32), { mode: 0o600 });
    for (let gpu = 0; gpu < 8; gpu += 1) await writeFile(path.join(this.folder, `gpu${gpu}`), '');
    const gpus = (from: number) => `Name=gpu Type=h100 File=${this.folder}/gpu[${from}-${from + 3}]`;
    await writeFile(
      path.join(this.folder, 'gres.conf'),
      NODES.map((node, index) => `NodeName=${node} ${gpus(4 * index)}\n`).join(''),
    );
    await writeFile(this.conf, this.#configuration());
    await this.up('slurmctld');
    for (const node of NODES) await this.up(node);
    await this.until('all nodes are idle', async () => (await this.ask('sinfo', '-h', '-o', '%T')) === 'idle');
  }

  /** Ends all jobs, then the daemons: a job outlives them. */
  async stop(): Promise<void> {
    this.#restd?.kill();
    await this.ask('scancel', `--user=${userInfo().username}`).catch(() => '');
    await this.until('no job is left', async () => (await this.ask('squeue', '-h')) === '').catch(() => undefined);
    for (const daemon of ['slurmctld', ...NODES] as const) await this.kill(daemon, 'SIGTERM').catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Starts a daemon, again as well. */
  async up(daemon: Daemon): Promise<void> {
    const [program, ...args] = daemon === 'slurmctld' ? ['slurmctld'] : ['slurmd', '-N', daemon];
    await run(program, args, { env: this.#env() });
  }

  async kill(daemon: Daemon, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const file = path.join(this.folder, 'run', daemon === 'slurmctld' ? 'slurmctld.pid' : `slurmd-${daemon}.pid`);
    const pid = Number(await readFile(file, 'utf8'));
    process.kill(pid, signal);
    for (; await isThere(pid); await sleep(20));
    await rm(file, { force: true });
  }

  /** What a command of this Slurm prints. */
  async ask(program: string, ...args: string[]): Promise<string> {
    return (await run(program, args, { env: this.#env(), timeout: 30_000 })).stdout.trim();
  }

  async until(what: string, holds: () => Promise<boolean>, seconds = 60): Promise<void> {
    for (const deadline = Date.now() + seconds * 1000; !(await holds().catch(() => false)); await sleep(100))
      if (Date.now() > deadline) throw new Error(`Expected that ${what} within ${seconds} s`);
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, SLURM_CONF: this.conf, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
  }

  #configuration(): string {
    const [controller, ...nodes] = this.#ports;
    const { folder } = this;
    const host = hostname().split('.')[0] as string;
    const user = userInfo().username;
    const lines = [
      'ClusterName=toy',
      `SlurmctldHost=${host}(127.0.0.1)`,
      `SlurmUser=${user}`,
      `SlurmdUser=${user}`,
      'AuthType=auth/none',
      'CredType=cred/none',
      // What a requeued job waits for.
      'AuthInfo=cred_expire=5',
      'AuthAltTypes=auth/jwt',
      `AuthAltParameters=jwt_key=${folder}/jwt.key`,
      'CommunicationParameters=NoCtldInAddrAny,NoInAddrAny',
      `SlurmctldPort=${controller}`,
      `StateSaveLocation=${folder}/state`,
      `SlurmdSpoolDir=${folder}/spool/%n`,
      `SlurmctldPidFile=${folder}/run/slurmctld.pid`,
      `SlurmdPidFile=${folder}/run/slurmd-%n.pid`,
      `SlurmctldLogFile=${folder}/log/slurmctld.log`,
      `SlurmdLogFile=${folder}/log/slurmd-%n.log`,
      'ProctrackType=proctrack/pgid',
      'TaskPlugin=task/none',
      'JobAcctGatherType=jobacct_gather/none',
      'AccountingStorageType=accounting_storage/none',
      'MpiDefault=none',
      'SwitchType=switch/none',
      'SelectType=select/cons_tres',
      'SelectTypeParameters=CR_Core',
      'SchedulerType=sched/backfill',
      'SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0',
      'PreemptType=preempt/partition_prio',
      'PreemptMode=REQUEUE',
      'ReturnToService=2',
      'KillWait=2',
      'MinJobAge=300',
      'SlurmctldTimeout=30',
      'SlurmdTimeout=10',
      'InactiveLimit=0',
      'GresTypes=gpu',
      'SlurmdParameters=config_overrides',
    ];
    const named = (line: string) => line.slice(0, line.indexOf('='));
    const replaced = new Set(this.#extra.map(named));
    return [
      ...lines.filter((line) => !replaced.has(named(line))),
      ...this.#extra,
      ...NODES.map(
        (node, index) =>
          `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodes[index]} CPUs=16 RealMemory=64000 ` +
          'Gres=gpu:h100:4 State=UNKNOWN',
      ),
      'PartitionName=main Nodes=n1,n2 Default=YES DefaultTime=30 MaxTime=INFINITE PriorityTier=10 GraceTime=4 State=UP',
      'PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE PriorityTier=100 State=UP',
      '',
    ].join('\n');
  }
}

/** Daemons become nobody's: not a child, and not a zombie of ours. */
async function isThere(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  return status !== undefined && !/^State:\s+Z/m.test(status);
}

/** A process that submits the attempt given, through the cluster of these settings, says so, and waits to be killed. */
export async function submitAndDie(folder: string, settings: SlurmSettings, attempt: unknown): Promise<void> {
  const submitter = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      'test/long/clusters/slurmSubmitter.ts',
      folder,
      JSON.stringify(settings),
      JSON.stringify(attempt),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise((resolve) => submitter.stdout.once('data', resolve));
  submitter.kill('SIGKILL');
  await new Promise((resolve) => submitter.once('exit', resolve));
}
