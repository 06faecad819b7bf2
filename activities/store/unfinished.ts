import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { isAlive, recordOfThisProcess } from '../processes/records.ts';

/** What is being written lies under such a name, with who writes it: host, pid and the start of that process. */
const UNFINISHED = /^\.[0-9a-f-]{36}(?:~(?<owner>.+))?\.tmp$/;
/** Ours: whose process nobody here can look for is taken to be dead when its file has not grown for a day. */
const LEFT_MS = 24 * 3_600_000;

export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name);
}

/** A name for what this process is about to write. */
export async function unfinishedName(): Promise<string> {
  const { pid, startTime } = await recordOfThisProcess();
  return `.${[randomUUID(), ...[hostname(), `${pid}`, startTime].map(encodeURIComponent)].join('~')}.tmp`;
}

/** Removes what dead processes left unfinished in a folder and in those directly in it. */
export async function sweepUnfinished(root: string): Promise<void> {
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => !entry.isFile()).map(({ name }) => path.join(root, name));
  for (const folder of [root, ...folders]) {
    const names = await readdir(folder).catch(() => []); // no folder, or gone since
    for (const name of names.filter(isUnfinished))
      if (await isLeft(folder, name)) await rm(path.join(folder, name), { force: true });
  }
}

/** Whether nobody finishes it any more. */
export async function isLeft(folder: string, name: string): Promise<boolean> {
  const [host, pid, startTime = ''] = (UNFINISHED.exec(name)?.groups?.['owner'] ?? '')
    .split('~')
    .map(decodeURIComponent);
  if (host === hostname()) return !(await isAlive({ pid: Number(pid), startTime, startedAt: '' }));
  const found = await stat(path.join(folder, name)).catch(() => undefined); // finished, or given up
  return found !== undefined && Date.now() - found.mtimeMs > LEFT_MS;
}
