import { execFile } from 'node:child_process';
import type { Environment } from '../../processes/records.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How commands of Slurm are run. */
export interface RunSettings {
  readonly env: Environment;
  readonly timeoutMs: number;
}

/**
 * Runs a command of Slurm to its end, whatever its exit status.
 * @throws where it is not installed, or did not end in time.
 */
export function runCommand(program: string, args: readonly string[], { env, timeoutMs }: RunSettings): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const options = {
      env: commandEnvironment(env),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 26,
    } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      const { code, killed } = error;
      if (typeof code === 'number') return resolve({ code, stdout, stderr });
      const why =
        (code as unknown) === 'ENOENT'
          ? 'there is no such program on PATH: install the client commands of Slurm on this machine'
          : killed
            ? `it had not answered after ${timeoutMs / 1000} s: the controller is away, or very busy`
            : error.message;
      return reject(new Error(`Expected ${program} to run, but ${why}`, { cause: error }));
    });
  });
}

/**
 * Without what would change the commands' meaning: their options by environment, and those of the job in which this
 * process may itself run. Times come as seconds.
 */
export function commandEnvironment(env: Environment): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name, value]) =>
      value !== undefined &&
      (name === 'SLURM_CONF' ||
        name === 'SLURM_JWT' ||
        !/^(SLURM|SBATCH|SQUEUE|SCANCEL|SINFO|SACCT|SALLOC|SRUN)_/.test(name)),
  );
  return { ...Object.fromEntries(kept), SLURM_TIME_FORMAT: '%s', LC_ALL: 'C' };
}
