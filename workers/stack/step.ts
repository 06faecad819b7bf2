import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Environment } from '../../activities/processes/records.ts';
import { environmentWith } from '../../temporal.config.ts';

/** Where set-up tells what it does: a line at a time. */
export type Say = (line: string) => void;

export function sayOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

interface StepOptions {
  readonly env?: Environment;
  readonly cwd?: string;
  /** @default no limit */
  readonly timeoutMs?: number;
  /** Called every 10 s with the seconds so far and the last line of output. */
  readonly onProgress?: (seconds: number, lastLine: string) => void;
  /** Asked twice a second; a reason ends the step. */
  readonly giveUp?: () => string | undefined;
}

/** How a command ended; `output` is the end of what it wrote. */
export interface StepResult {
  readonly ok: boolean;
  readonly output: string;
  /** Why it failed, in a line. */
  readonly reason: string;
}

const KEPT_OUTPUT = 20_000;

/** Runs a command of the set-up to its end, without a terminal. Never throws: the caller knows what to do next. */
export async function runStep(
  command: string,
  args: readonly string[],
  { env = {}, cwd, timeoutMs = Infinity, onProgress, giveUp }: StepOptions = {},
): Promise<StepResult> {
  const started = Date.now();
  const child = spawn(command, args, { cwd, env: environmentWith(env), stdio: ['ignore', 'pipe', 'pipe'] });
  // A command that is interrupted leaves no step running behind it.
  const endIt = (): boolean => child.kill('SIGKILL');
  process.once('exit', endIt);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    });
  let stopReason: string | undefined;
  const watch = setInterval(() => {
    stopReason ??= Date.now() - started > timeoutMs ? `no end after ${timeoutMs / 1000} s` : giveUp?.();
    if (stopReason !== undefined) endIt();
  }, 500);
  const progress = setInterval(() => onProgress?.(Math.round((Date.now() - started) / 1000), lastLine(output)), 10_000);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    const reason = stopReason ?? `${lastLine(output)} (${signal ?? `exit code ${code}`})`.trim();
    return code === 0 && stopReason === undefined ? { ok: true, output, reason: '' } : { ok: false, output, reason };
  } catch (error) {
    return { ok: false, output, reason: (error as Error).message }; // there is no such command
  } finally {
    clearInterval(watch);
    clearInterval(progress);
    process.off('exit', endIt);
  }
}

export function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

/** Whether a version such as 3.12.1 is at least one such as 3.10. */
export function isAtLeast(oldest: string, version: string): boolean {
  return version.localeCompare(oldest, 'en', { numeric: true }) >= 0;
}
