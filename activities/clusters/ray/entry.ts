import path from 'node:path';
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

/** A text as one word of a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The attempt's environment as a file that a shell reads. */
export function exportsOf(env: JobAttempt['env']): string {
  return Object.entries(env)
    .flatMap(([name, value]) => (value === undefined ? [] : [`export ${name}=${quoted(value)}\n`]))
    .join('');
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
 * @param setup lines before the command, such as `module load`.
 * @param graceSeconds after which Ray ends what was asked to end.
 */
export function entryScript(
  { command, log }: JobAttempt,
  { secrets, cancelled }: EntryFiles,
  { root, setup, graceSeconds }: { root: string; setup: readonly string[]; graceSeconds: number },
): string {
  return [
    '#!/bin/sh',
    `[ -e ${quoted(cancelled)} ] && exit 0`,
    `exec >> ${quoted(log)} 2>&1 < /dev/null`,
    `. ${quoted(secrets)} || exit 74`,
    `rm -f ${quoted(secrets)}`,
    `cd ${quoted(root)} || exit 74`,
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
