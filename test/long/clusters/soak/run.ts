/**
 * Trainings on a real cluster while faults come as a seed decides; what they came to is checked. Ends with 1 where an
 * attempt ran twice or beside another, a step or a state was lost, or a training did not succeed.
 *
 * usage: run.ts slurm|ray|kubernetes, in a network and a mount namespace of its own (soak.ts)
 * FLYWHEEL_FAULTS_SEED: of the schedule (default: a new one). FLYWHEEL_FAULTS: how many (default 50).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DISK_BYTES, diskFull, held, signal, type Act, type Backend } from './backends.ts';
import { kubernetesBackend } from './kubernetesBackend.ts';
import { rayBackend } from './rayBackend.ts';
import { randomOf, scheduleOf, type Fault } from './schedule.ts';
import { slurmBackend } from './slurmBackend.ts';
import { Trainings } from './trainings.ts';

const BACKENDS: Readonly<Record<string, () => Backend>> = {
  slurm: slurmBackend,
  ray: rayBackend,
  kubernetes: kubernetesBackend,
};
/** At once; two share what a fault does to a cluster. */
const TRAININGS = 2;
/** How long trainings may still take when all faults are over. Ours: minutes of a busy machine. */
const LAST_MS = 900_000;

const seed = Number(process.env['FLYWHEEL_FAULTS_SEED'] ?? Math.floor(Math.random() * 1e9));
const count = Number(process.env['FLYWHEEL_FAULTS'] ?? 50);
const make = BACKENDS[process.argv[2] ?? ''];
if (make === undefined) throw new Error(`Expected one of ${Object.keys(BACKENDS).join(', ')}, got ${process.argv[2]}`);

const began = Date.now();
const say = (line: string): void =>
  void process.stdout.write(`${((Date.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);

const folder = mkdtempSync('/tmp/flywheel-soak-');
execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'none', folder]);
const outside = mkdtempSync('/tmp/flywheel-soak-cluster-');
const backend = make();
const trainings = new Trainings(folder, () => backend.open(folder));

const jobFault =
  (act: (pid: number) => () => void): Act =>
  async (which) => {
    const pids = await trainings.pids();
    const pid = pids[Math.floor(which * pids.length)];
    return pid === undefined ? () => undefined : act(pid);
  };
const faults: Backend['faults'] = {
  ...backend.faults,
  'a job is killed': {
    lastsMs: 0,
    act: jobFault((pid) => {
      signal(pid, 'SIGKILL');
      return () => undefined;
    }),
  },
  'a job is held': { lastsMs: 10_000, act: jobFault((pid) => held([pid])) },
  'a worker is restarted': {
    lastsMs: 0,
    act: async (which) => {
      trainings.restartWatcher(which);
      return () => undefined;
    },
  },
  'the disk is full': { lastsMs: 8_000, act: diskFull(folder) },
};

async function soak(): Promise<void> {
  say(`${process.argv[2]}: ${count} faults of seed ${seed}`);
  await backend.start(outside);
  await trainings.prepare();

  let over = false;
  let told = 0;
  const wallSeconds = randomOf(seed + 1);
  async function trainOn(first: number): Promise<void> {
    // Every third meets its own time limit.
    for (let number = first; !over; number += TRAININGS) {
      await trainings.run(number, wallSeconds() < 0.33 ? 8 : 900);
      say(
        `training ${number} is over${trainings.wrong.length === 0 ? '' : `; wrong so far: ${trainings.wrong.length}`}`,
      );
      for (const wrong of trainings.wrong.slice(told)) say(`  WRONG ${wrong}`);
      told = trainings.wrong.length;
    }
  }
  const trained = Promise.all(Array.from({ length: TRAININGS }, (_, index) => trainOn(index + 1)));

  const healing: Promise<void>[] = [];
  async function heal({ name, lastsMs }: Fault, made: Awaited<ReturnType<Act>>): Promise<void> {
    await sleep(lastsMs);
    await made();
    if (lastsMs > 0) say(`  over: ${name}`);
  }
  for (const [index, fault] of scheduleOf(
    seed,
    count,
    Object.fromEntries(Object.entries(faults).map(([name, { lastsMs }]) => [name, lastsMs])),
  ).entries()) {
    await sleep(fault.afterMs);
    say(`${index + 1}. ${fault.name}${fault.lastsMs > 0 ? ` for ${(fault.lastsMs / 1000).toFixed(1)} s` : ''}`);
    const made = (faults[fault.name] as { act: Act }).act(fault.which).catch((error: Error) => {
      say(`  not done: ${error.message}`);
      return () => undefined;
    });
    const healed = heal(fault, await made);
    healing.push(healed);
    healed.catch((error: Error) => say(`  not made good: ${fault.name}: ${error.message}`));
    if (!fault.overlaps) await healed.catch(() => undefined);
  }
  await Promise.allSettled(healing);
  over = true;
  say('all faults are over');
  const inTime = await Promise.race([trained.then(() => true), sleep(LAST_MS, false, { ref: false })]);
  if (!inTime) trainings.wrong.push(`trainings are not over ${LAST_MS / 1000} s after the last fault`);
  say(
    `${trainings.done} trainings in ${trainings.attempts} attempts; seed ${seed}; ` +
      (trainings.wrong.length === 0
        ? 'nothing twice, nothing lost, no wrong end'
        : `WRONG:\n${trainings.wrong.join('\n')}`),
  );
}

try {
  await soak();
} finally {
  await backend.stop();
  execFileSync('umount', ['-l', folder]);
}
process.exit(trainings.wrong.length === 0 ? 0 : 1);
