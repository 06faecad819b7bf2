import path from 'node:path';
import type { Environment } from '../../processes/records.ts';
import { quoted, variables } from '../shell.ts';
import type { JobAttempt } from '../types.ts';

/** Files of a submission, beside its log, which its nodes reach. */
export interface EntryFiles {
  readonly script: string;
  /** Exports of the attempt's environment, for this user's eyes only; the script removes it when it has read it. */
  readonly secrets: string;
  /** Where it lies, the attempt is not to begin. */
  readonly cancelled: string;
}

export function entryFiles(log: string, id: string): EntryFiles {
  const file = (suffix: string): string => path.join(path.dirname(log), `${id}.${suffix}`);
  return { script: file('sh'), secrets: file('env'), cancelled: file('cancelled') };
}

/** How an attempt is run on a node. */
export interface EntrySettings {
  /** The project's folder there. */
  readonly folder: string;
  /** Beside the attempt's own. */
  readonly env: Environment;
  /** Lines before the command, such as `module load`. */
  readonly setup: readonly string[];
  /** After which Ray ends what was asked to end. */
  readonly graceSeconds: number;
}

/** Whether others of the shell's group live: not what it runs itself, nor a shell that Ray has started it by. */
const LEFT = `left() {
  cat /proc/[0-9]*/stat 2> /dev/null | awk -v self=$$ -v parent=$PPID '
    { pid = $1; sub(/^.*[)] /, ""); if (pid == self) own = $3; else if (pid != parent && $2 != self && $1 != "Z") n[$3]++ }
    END { exit !n[own] }'
}`;

/**
 * The script that a node runs. Its job is over when all of its process group is: Ray knows of the first process and its
 * children alone, and signals no others.
 */
export function entryScript(
  { command, log }: JobAttempt,
  { secrets, cancelled }: EntryFiles,
  { folder, env, setup, graceSeconds }: EntrySettings,
): string {
  return [
    '#!/bin/sh',
    `[ -e ${quoted(cancelled)} ] && exit 0`,
    `exec >> ${quoted(log)} 2>&1 < /dev/null`,
    `cd ${quoted(folder)} || exit 74`,
    ...variables(env),
    `. ${quoted(secrets)} || exit 74`,
    `rm -f ${quoted(secrets)}`,
    ...setup,
    LEFT,
    // Just before Ray kills the one process that could still end the others.
    `end() { trap : TERM; kill -TERM 0; (sleep ${(graceSeconds * 0.9).toFixed(1)}; kill -KILL 0) & killer=$!; }`,
    'trap end TERM',
    `${command.map(quoted).join(' ')} &`,
    'child=$!',
    'wait $child; code=$?',
    'while kill -0 $child 2> /dev/null; do wait $child; code=$?; done',
    'while left; do sleep 0.2; done',
    '[ -n "$killer" ] && kill $killer 2> /dev/null',
    'exit $code',
    '',
  ].join('\n');
}
