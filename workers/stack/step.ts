import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentWith } from '../../temporal.config.ts';

/** Where set-up tells what it does: a line at a time. */
export type Say = (line: string) => void;

export function sayOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

export interface StepOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** @default no limit */
  readonly timeoutMs?: number;
  /** Called about every `everyMs` (@default 10 000) with the seconds so far and the last line of output. */
  readonly onProgress?: (seconds: number, lastLine: string) => void;
  readonly everyMs?: number;
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
  options: StepOptions = {},
): Promise<StepResult> {
  const started = Date.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: environmentWith(options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A command that is interrupted leaves no step running behind it.
  const endWithUs = (): boolean => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('close', () => process.off('exit', endWithUs));
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const end = new Promise<StepResult>((resolve) => {
    child.once('error', (error) => resolve({ ok: false, output, reason: error.message }));
    child.once('close', (code, signal) => {
      resolve({
        ok: code === 0,
        output,
        reason: code === 0 ? '' : `${lastLine(output)} (${signal ?? `exit code ${code}`})`.trim(),
      });
    });
  });
  let stopReason: string | undefined;
  let told = started;
  for (;;) {
    const ended = await Promise.race([end, sleep(500)]);
    if (ended !== undefined)
      return stopReason === undefined ? ended : { ok: false, output: ended.output, reason: stopReason };
    if (stopReason === undefined) {
      stopReason =
        options.timeoutMs !== undefined && Date.now() - started > options.timeoutMs
          ? `no end after ${options.timeoutMs / 1000} s`
          : options.giveUp?.();
      if (stopReason !== undefined) child.kill('SIGKILL');
    }
    if (Date.now() - told >= (options.everyMs ?? 10_000)) {
      told = Date.now();
      options.onProgress?.(Math.round((told - started) / 1000), lastLine(output));
    }
  }
}

export function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
