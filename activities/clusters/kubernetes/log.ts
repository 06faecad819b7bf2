import { access, appendFile, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { KubernetesApi } from './api.ts';
import { begunFile, ELSEWHERE } from './begin.ts';
import type { Pod } from './objects.ts';

/** Lines of a pod's log that are kept at most. Ours: a training's own are about one a step. */
const LINES = 5_000;

/** What pods have said, by their uid, and what of it cannot be had, in words. */
export interface PodLogs {
  readonly logs: ReadonlyMap<string, string>;
  readonly lost?: string;
}

/**
 * What pods have written and their job's log does not have, since the job's folder is not where they run.
 * @param before what was read of them, of which there may be no more by now.
 */
export async function readLogs(
  api: KubernetesApi,
  path: string,
  pods: readonly Pod[],
  container: string,
  before: PodLogs['logs'] = new Map(),
): Promise<PodLogs> {
  const logs = new Map(before);
  let lost: string | undefined;
  const query = new URLSearchParams({ container, tailLines: String(LINES) }).toString();
  for (const { metadata, status } of pods) {
    if (!status?.containerStatuses?.some(({ state }) => state?.running ?? state?.terminated)) continue;
    try {
      logs.set(metadata.uid, (await api.text(`${path}/${metadata.name}/log?${query}`)).replace(ELSEWHERE, ''));
    } catch (error) {
      if (!logs.has(metadata.uid)) lost = `the log of its pod cannot be had: ${(error as Error).message}`;
    }
  }
  return { logs, ...(lost !== undefined && { lost }) };
}

/** Whether a job writes its log here by itself: its folder is where its pod runs. */
export async function isHere(log: string, name: string): Promise<boolean> {
  const begun = begunFile(log, name);
  const isThere = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    );
  return (await isThere(begun)) || isThere(`${begun}.0`);
}

/** Appends it, unless the file ends with it: who was killed in between does it again. */
export async function keepLog(file: string, text: string): Promise<void> {
  if (text === '' || file === '' || (await endOf(file, Buffer.byteLength(text))) === text) return;
  await mkdir(path.dirname(file), { recursive: true });
  await appendFile(file, text);
}

async function endOf(file: string, bytes: number): Promise<string> {
  const opened = await open(file).catch(() => undefined);
  if (opened === undefined) return '';
  try {
    const { size } = await opened.stat();
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(bytes), 0, bytes, Math.max(0, size - bytes));
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await opened.close();
  }
}
