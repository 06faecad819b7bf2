import type { Environment } from '../../processes/records.ts';
import { quoted, variables } from '../shell.ts';

export interface ScriptInput {
  readonly jobKey: string;
  readonly attempt: number;
  readonly command: readonly string[];
  readonly launch: 'one' | 'perNode';
  readonly nodes: number;
  /** Working folder. */
  readonly folder: string;
  /** File that the job makes when it begins: it is run once, however often it is submitted or requeued. */
  readonly begun: string;
  /** File of variables that is read and removed: what is secret stands nowhere else. */
  readonly secrets: string;
  readonly env: Environment;
  readonly setup: readonly string[];
}

/**
 * The batch script of an attempt. Its last line becomes the trainer, so that signals to the shell reach it. It says
 * nothing of its own unless something is wrong: what it prints is the job's log.
 */
export function scriptOf(input: ScriptInput): string {
  const { jobKey, attempt, folder, begun, secrets, env, setup } = input;
  return [
    '#!/bin/bash',
    `# ${jobKey}, attempt ${attempt}`,
    `begun=${quoted(begun)}`,
    'if ! (set -C; : > "$begun") 2> /dev/null; then',
    '  if [ -e "$begun" ]; then',
    '    echo "job $SLURM_JOB_ID ends at once: this attempt has begun before, as job $(cat "$begun")" >&2',
    '    exit 0',
    '  fi',
    '  echo "job $SLURM_JOB_ID: expected to write $begun, could not: this node needs the store" >&2',
    '  exit 74',
    'fi',
    'echo "$SLURM_JOB_ID" >> "$begun"',
    `cd ${quoted(folder)} || exit 72`,
    ...variables(env),
    `. ${quoted(secrets)} || exit 73`,
    `rm -f ${quoted(secrets)}`,
    ...setup,
    `exec ${started(input).map(quoted).join(' ')}`,
    '',
  ].join('\n');
}

/** The words of the last line. A job that was submitted without an environment hands none on, unless it is told to. */
export function started({ command, launch, nodes }: Pick<ScriptInput, 'command' | 'launch' | 'nodes'>): string[] {
  if (launch === 'one' || nodes === 1) return [...command];
  return ['srun', '--export=ALL', '--kill-on-bad-exit=1', `--ntasks=${nodes}`, '--ntasks-per-node=1', ...command];
}
