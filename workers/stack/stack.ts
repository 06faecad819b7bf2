import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isAlive,
  launchOnce,
  readLiving,
  readRecord,
  terminate,
  type ProcessRecord,
} from '../../activities/processes/records.ts';
import { withLease } from '../../activities/store/lease.ts';
import { config } from '../../temporal.config.ts';
import { withClient } from '../client.ts';
import { missingWorkers, olderCodeRuns } from '../deployment.ts';
import { ensurePython } from './python.ts';
import { forgetOwner } from './owner.ts';
import { forgetRewards, wantRewards } from './rewards.ts';
import { launchOf, logFile, nodeCommand, recordFile, SERVICE_NAMES, type ServiceName } from './services.ts';
import { readStackState, stateFiles } from './state.ts';
import type { Say } from './step.ts';
import { stopStack } from './stop.ts';
import { findTemporalCli } from './temporalCli.ts';
import { serverAnswers } from './temporalServer.ts';

/** A starved machine takes a minute to start three processes; a broken one says nothing new after three. */
const UP_SECONDS = 180;

const supervisorRecord = recordFile('supervisor');
const MOST_STARTS = 4;
/** The stack's graces together, and some. */
const STOP_TIMEOUT_MS = 90_000;

/**
 * Gets what the stack needs and does not have: the Temporal CLI, and the Python environment.
 * @param python whether models are trained or served here. @default true
 */
export async function setUp(say: Say, { python = true } = {}): Promise<void> {
  if (config.stack === 'deployed') return;
  if (!config.temporal.external) await findTemporalCli(say);
  if (python) await ensurePython(say);
}

/**
 * Sees to it that the dev stack runs and its server answers: starts it, or finds it running, or adopts what a killed
 * supervisor left.
 * @param rewards whether the reward service is needed, too: by laps. @default as it is
 * @returns whether it was started now.
 * @throws with the end of the log when it cannot be started.
 */
export async function ensureStack(say: Say, { rewards = false } = {}): Promise<'started' | 'running'> {
  if (config.stack === 'deployed') {
    for (const line of await withClient(missingWorkers)) say(line);
    return 'running';
  }
  return alone(say, async () => {
    if (rewards) await wantRewards(say);
    const running = await readLiving(supervisorRecord);
    if (running !== undefined && (await readStackState())?.state === 'stopping') {
      say('The stack is stopping; starting it again when it has');
      while (await isAlive(running)) await sleep(100);
    } else if (running !== undefined && (await comesUp(running))) {
      const older = await olderCodeRuns();
      if (older !== undefined) say(older);
      return 'running';
    }
    for (let start = 1; start <= MOST_STARTS; start += 1) {
      await rm(supervisorRecord, { force: true });
      if (await comesUp(await launchOnce(launchOf('supervisor', nodeCommand('workers/stack/supervisor.ts')))))
        return 'started';
      say('The supervisor was killed while it started; starting it again');
    }
    throw await withLog(`The stack does not start: its supervisor was killed ${MOST_STARTS} times.`);
  });
}

/** Runs `work` while no other command starts or stops the stack. */
function alone<T>(say: Say, work: () => Promise<T>): Promise<T> {
  return withLease(
    stateFiles,
    'run/stack.lock',
    ({ pid }) => say(`Process ${pid} is starting or stopping the stack; waiting for it`),
    work,
  );
}

/**
 * @returns false when the supervisor was killed before the stack was up.
 * @throws in its own words when it gives up, and with the end of its log when it takes too long.
 */
async function comesUp(supervisor: ProcessRecord): Promise<boolean> {
  for (const deadline = Date.now() + UP_SECONDS * 1000; ;) {
    const state = await readStackState();
    const its = state?.pid === supervisor.pid ? state : undefined;
    if (its?.state === 'running' && (await serverAnswers())) return true;
    if (its?.state === 'failed') throw new Error(its.error);
    if (!(await isAlive(supervisor))) return false;
    if (Date.now() > deadline) throw await withLog(`The stack is not up after ${UP_SECONDS} s.`);
    await sleep(100);
  }
}

async function withLog(problem: string): Promise<Error> {
  const file = logFile('supervisor');
  const log = await readFile(file, 'utf8').catch(() => ''); // it died before it had one
  return new Error(`${problem} The end of ${file}:\n${log.slice(-20_000).trimEnd().split('\n').slice(-8).join('\n')}`);
}

/** `died`: the supervisor was killed; `stopped`: it was asked to end, or never started. */
export async function stackLife(): Promise<'running' | 'died' | 'stopped'> {
  if (config.stack === 'deployed') return 'running'; // as far as a command may know
  const supervisor = await readRecord(supervisorRecord).catch(() => undefined); // not whole: nobody's
  if (supervisor === undefined) return 'stopped';
  if (await isAlive(supervisor)) return 'running';
  const state = await readStackState();
  return state?.pid === supervisor.pid && state.state === 'stopping' ? 'stopped' : 'died';
}

/** Starts a stack that died again, and leaves one alone that somebody has stopped. */
export async function healStack(say: Say): Promise<'running' | 'stopped'> {
  const life = await stackLife();
  if (life === 'died') await ensureStack(say);
  return life === 'stopped' ? 'stopped' : 'running';
}

/**
 * Stops everything that belongs to the project: workers, training jobs (their state is saved), reward service, model
 * servers, Temporal server. The lap's workflow stays open.
 */
export function stopEverything(say: Say): Promise<void> {
  return alone(say, async () => {
    const supervisor = await readLiving(supervisorRecord);
    if (supervisor !== undefined) {
      const stop = terminate(supervisor, { graceMs: STOP_TIMEOUT_MS });
      await Promise.all([stop, ...SERVICE_NAMES.map((name) => tellItsEnd(name, supervisor, say))]);
    }
    await stopStack(say); // what a killed supervisor left
    await rm(supervisorRecord, { force: true });
    await forgetOwner();
    await forgetRewards();
  });
}

/** Says that a service has ended, unless it outlives the supervisor. */
async function tellItsEnd(name: ServiceName, supervisor: ProcessRecord, say: Say): Promise<void> {
  const service = await readLiving(recordFile(name));
  for (let over = service === undefined; !over; await sleep(100)) {
    over = !(await isAlive(supervisor));
    if (await isAlive(service as ProcessRecord)) continue;
    say(`${name}: stopped`);
    return;
  }
}
