import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isAlive } from './records.ts';
import type { ProcessRecord } from './records.ts';

/** This process, for a lock or an owner's file: the counterpart of the record that `launchOnce` makes for others. */
export function recordOfThisProcess(): ProcessRecord {
  return {
    pid: process.pid,
    startTime: ownStartTime(),
    startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
  };
}

function ownStartTime(): string {
  if (process.platform === 'linux') {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    return (
      `${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]} ` +
      readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    );
  }
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(process.pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  })
    .trim()
    .replace(/\s+/g, ' ');
}

/** A record's process, when it still lives. */
export async function readLiving<T extends ProcessRecord>(file: string): Promise<T | undefined> {
  const recorded = readJsonFile<T>(file);
  return recorded !== undefined && (await isAlive(recorded)) ? recorded : undefined;
}

/** A JSON file, or undefined where there is none or it is not whole (its writer was killed). */
export function readJsonFile<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all; for this user's eyes only. */
export async function writeJsonFile(file: string, value: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeFile(temporary, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

export function removeFile(file: string): void {
  rmSync(file, { force: true });
}

/** The end of a log, for a message about a process that died. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').slice(-20_000).trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return ''; // it died before it had a log
  }
}
