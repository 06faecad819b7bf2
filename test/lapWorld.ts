import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { isAlive, readRecord } from '../activities/processes/records.ts';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../activities/processes/ports.ts';
import type { SealedLine } from '../activities/ledger/sealedLedger.ts';
import type { LapManifest } from '../shared/lap/manifest.ts';
import type { Outcome } from '../shared/outcomes.ts';
import { config } from '../temporal.config.ts';

/** A state folder of its own with free ports, and the real command in it. */
export interface LapWorld {
  readonly stateDir: string;
  /** Where the annotation desk is. */
  readonly desk: string;
  path(...parts: string[]): string;
  /** Starts `flywheel …`; the promise is its exit code. */
  start(...args: string[]): { readonly pid: number; readonly exit: Promise<number>; output(): string };
  /** Kills the process of a record (pid and start time) with -9, as soon as it lives; answers its pid. */
  kill(...record: string[]): Promise<number>;
  /**
   * Kills with -9 whatever of this folder lives: the supervisor before what it would start again, servers, trainers.
   */
  killEverything(): Promise<void>;
  manifest(lap: string): LapManifest;
  /** A client of the stack's server, which has to run. */
  client(): Promise<Client>;
  dispose(): Promise<void>;
}

/** @param more what the stack's environment has beside. */
export async function lapWorld(more: Readonly<Record<string, string>> = {}): Promise<LapWorld> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'flywheel-lap-'));
  const env: NodeJS.ProcessEnv = { ...process.env, FLYWHEEL_STATE: stateDir, ...more };
  for (const name of ['TEMPORAL', 'UI', 'REWARD', 'DESK', 'MODEL'])
    env[`FLYWHEEL_${name}_PORT`] = String(await freePort());

  function start(...args: string[]) {
    const child = spawn(process.execPath, [path.join(config.root, 'cli', 'flywheel.mjs'), ...args], {
      cwd: config.root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return {
      pid: child.pid ?? 0,
      exit: new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1))),
      output: () => output,
    };
  }

  return {
    stateDir,
    desk: `http://127.0.0.1:${env['FLYWHEEL_DESK_PORT']}`,
    path: (...parts) => path.join(stateDir, ...parts),
    start,
    async kill(...record) {
      const file = path.join(stateDir, ...record);
      for (;;) {
        const found = await readRecord(file).catch(() => undefined);
        if (found !== undefined && (await isAlive(found))) {
          process.kill(found.pid, 'SIGKILL');
          return found.pid;
        }
        await sleep(50);
      }
    },
    async killEverything() {
      const records = [
        path.join('run', 'supervisor.json'),
        ...filesIn(path.join(stateDir, 'run'), /\.json$/).map((file) => path.join('run', file)),
      ];
      for (const record of records) {
        const found = await readRecord(path.join(stateDir, record)).catch(() => undefined); // no process's record
        if (found !== undefined && (await isAlive(found))) process.kill(found.pid, 'SIGKILL');
      }
    },
    manifest: (lap) =>
      JSON.parse(readFileSync(path.join(stateDir, 'store', 'laps', lap, 'manifest.json'), 'utf8')) as LapManifest,
    async client() {
      const connection = Connection.lazy({ address: `127.0.0.1:${env['FLYWHEEL_TEMPORAL_PORT']}` });
      try {
        await connection.ensureConnected();
        return new Client({ connection });
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
    async dispose() {
      await start('stop').exit;
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function filesIn(folder: string, named: RegExp): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => named.test(name))
    : [];
}

/** A world in which the command has run to its end, and the stack has stopped. */
export async function undisturbed(...args: string[]): Promise<LapWorld> {
  const world = await lapWorld();
  const command = world.start(...args);
  if ((await command.exit) !== 0) throw new Error(`The undisturbed run failed:\n${command.output()}`);
  await world.start('stop').exit;
  return world;
}

/** Waits until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(50);
}

/** Every outcome on every ledger of a lap. */
export function allOutcomes(world: LapWorld, lap: string): Outcome[] {
  const folder = world.path('store', 'ledger', lap);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const file = path.join(folder, name);
    if (!/\.jsonl(\.gz)?$/.test(name)) return [];
    const text = (name.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file)).toString();
    const lines = text
      .split('\n')
      .flatMap((line): SealedLine[] => (line === '' ? [] : [JSON.parse(line) as SealedLine]))
      .filter((line) => 'key' in line);
    // In a sealed ledger a text that several calls gave stands once; which line holds it depends on the order of
    // arrival.
    const texts = new Map(lines.map((line) => [line.key, line.text]));
    return lines.map((line) =>
      line.sameTextAs === undefined ? line : { ...line, text: texts.get(line.sameTextAs) ?? '' },
    );
  });
}

/** Attempts that a training took: the records of submitted jobs. */
export function attemptsOf(world: LapWorld, jobKey: string): number {
  const folder = world.path('store', 'jobs', jobKey);
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^attempt-\d+\.json$/.test(name)).length : 0;
}
