import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseSchedule } from './scheduleFile.ts';
import type { Schedule } from './schedules.ts';
import { UsageError } from '../usage.ts';

export const DEFAULT_FOLDER = 'schedules';

/**
 * The schedules that files say, and all `*.json` of folders.
 * @throws UsageError that names a file and what is wrong with it.
 */
export async function readSchedules(named: readonly string[]): Promise<Schedule[]> {
  const files = (await Promise.all((named.length === 0 ? [DEFAULT_FOLDER] : named).map(filesOf))).flat();
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(file, 'utf8');
      try {
        return parseSchedule(file, text);
      } catch (error) {
        throw new UsageError((error as Error).message, { cause: error });
      }
    }),
  );
}

async function filesOf(named: string): Promise<string[]> {
  const found = await stat(named).catch(() => undefined); // not there
  if (found === undefined)
    throw new UsageError(
      `Expected a file or folder with schedules, got ${JSON.stringify(named)}, which is not there. \`flywheel ` +
        `schedule apply --help\` shows what a file says.`,
    );
  if (!found.isDirectory()) return [named];
  return (await readdir(named))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => path.join(named, name));
}
