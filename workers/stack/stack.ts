import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isAlive,
  launchOnce,
  readLiving,
  readRecord,
  recordOfThisProcess,
  terminate,
} from '../../activities/processes/records.ts';
import type { ProcessRecord } from '../../activities/processes/records.ts';
import { withLease } from '../../activities/store/lease.ts';
import { ensurePython } from './python.ts';
import { serverAnswers } from './temporalServer.ts';
import { findTemporalCli } from './temporalCli.ts';
import { config, environmentWith } from '../../temporal.config.ts';
import { logFile, recordFile, SERVICE_NAMES } from './services.ts';
import { readStackState, stateFiles } from './state.ts';
import { stopStack } from './stop.ts';
import { olderCodeRuns } from '../deployment.ts';

/** A starved machine takes a minute to start three processes; a broken one says nothing new after three. */
const UP_SECONDS = 180;

type Say = (line: string) => void;

const supervisorRecord = recordFile('supervisor');
const STACK_LOCK = 'run/stack.lock';
const OWNER = 'run/owner.json';
const MOST_STARTS = 4;
/** The stack's graces together, and some. */
const STOP_TIMEOUT_MS = 90_000;

/** Gets what the stack needs and does not have: the Temporal CLI, the Python environment. */
export async function setUp(say: Say): Promise<void> {
  if (!config.temporal.external) await findTemporalCli(say);
  await ensurePython(say);
}

/**
 * Sees to it that the dev stack runs and its server answers: starts it, or finds it running, or adopts what a killed
 * supervisor left.
 * @returns whether it was started now.
 * @throws with the end of the log when it cannot be started.
 */
export async function ensureStack(say: Say): Promise<'started' | 'running'> {
  return withLease(
    stateFiles,
    STACK_LOCK,
    (holder) => say(`Process ${holder.pid} is starting or stopping the stack; waiting for it`),
    async () => {
      const running = await readLiving<ProcessRecord>(supervisorRecord);
      if (running !== undefined && (await readStackState())?.state === 'stopping') {
        say('The stack is stopping; starting it again when it has');
        while (await isAlive(running)) await sleep(100);
      } else if (running !== undefined && (await comesUp(running))) {
        const older = await olderCodeRuns();
        if (older !== undefined) say(older);
        return 'running';
      }
      for (let start = 1; start <= MOST_STARTS; start += 1) {
        if (await comesUp(await startSupervisor())) return 'started';
        say('The supervisor was killed while it started; starting it again');
      }
      throw new Error(
        `The stack does not start: its supervisor was killed ${MOST_STARTS} times. The end of ` +
          `${logFile('supervisor')}:\n${await endOfLog()}`,
      );
    },
  );
}

async function startSupervisor(): Promise<ProcessRecord> {
  await rm(supervisorRecord, { force: true });
  return launchOnce({
    record: supervisorRecord,
    about: { name: 'supervisor' },
    command: [process.execPath, '--import', 'tsx', path.join(config.root, 'workers', 'stack', 'supervisor.ts')],
    cwd: config.root,
    env: environmentWith({}),
    log: logFile('supervisor'),
  });
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
    if (Date.now() > deadline)
      throw new Error(
        `The stack is not up after ${UP_SECONDS} s. The end of ` + `${logFile('supervisor')}:\n${await endOfLog()}`,
      );
    await sleep(100);
  }
}

async function endOfLog(): Promise<string> {
  const log = await readFile(logFile('supervisor'), 'utf8').catch(() => ''); // it died before it had one
  return log.slice(-20_000).trimEnd().split('\n').slice(-8).join('\n');
}

/** `died`: the supervisor was killed; `stopped`: it was asked to end, or never started. */
export async function stackLife(): Promise<'running' | 'died' | 'stopped'> {
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
export async function stopEverything(say: Say): Promise<void> {
  await withLease(
    stateFiles,
    STACK_LOCK,
    (holder) => say(`Process ${holder.pid} is starting or stopping the stack; waiting for it`),
    async () => {
      const supervisor = await readLiving<ProcessRecord>(supervisorRecord);
      if (supervisor !== undefined) {
        const stop = terminate(supervisor, { graceMs: STOP_TIMEOUT_MS });
        await Promise.all([stop, tellWhatEnds(supervisor, say)]);
      }
      await stopStack(say); // what a killed supervisor left
      await rm(supervisorRecord, { force: true });
      await stateFiles.remove(OWNER);
    },
  );
}

/** Says which service has ended, as they end. */
async function tellWhatEnds(supervisor: ProcessRecord, say: Say): Promise<void> {
  const waiting = new Set<(typeof SERVICE_NAMES)[number]>();
  for (const name of SERVICE_NAMES) if ((await readLiving(recordFile(name))) !== undefined) waiting.add(name);
  const look = async (): Promise<void> => {
    for (const name of waiting) {
      if ((await readLiving(recordFile(name))) !== undefined) continue;
      waiting.delete(name);
      say(`${name}: stopped`);
    }
  };
  while (await isAlive(supervisor)) {
    await look();
    await sleep(100);
  }
  await look();
}

interface Owner extends ProcessRecord {
  /** The stack shall outlive its commands (`--detach`, `--keep`). */
  readonly detached: boolean;
}

/**
 * Whose Ctrl-C stops the stack: the command's that started it; when that was killed, the next command's; nobody's when
 * it was started with `--detach`.
 * @returns whether this command is the owner now.
 */
export async function becomeOwner(started: boolean, detached: boolean): Promise<boolean> {
  if (!started) {
    const owner = await stateFiles.findJson<Owner>(OWNER);
    if (owner !== undefined && (owner.detached || (await isAlive(owner)))) return false;
  }
  await stateFiles.writeJson(OWNER, { ...(await recordOfThisProcess()), detached } satisfies Owner);
  return !detached;
}
