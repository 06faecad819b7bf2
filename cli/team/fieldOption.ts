import type { Command } from 'commander';
import { TARGETS, type Fields } from '../../activities/imports/fields.ts';
import { UsageError } from '../usage.ts';

/** Adds `--field`, which says where a file of problems, or of what else the targets are of, has what. */
export const withFields = (command: Command, targets: readonly string[] = TARGETS): Command =>
  command.option(
    '--field <field=name>',
    `reads ${targets.join(', ')} from this field of the file, such as ${targets[0]}=question; repeatable`,
    (value: string, all: string[]) => [...all, value],
    [],
  );

/** `--field` options. @throws UsageError where one is none of the targets. */
export function fieldsFrom<Of extends string>(given: readonly string[], targets: readonly Of[]): Fields<Of> {
  return Object.fromEntries(
    given.map((text) => {
      const [target = '', ...name] = text.split('=');
      if (!targets.includes(target as Of) || name.join('=') === '')
        throw new UsageError(
          `--field: expected one of ${targets.join(', ')} and a field of the file, such as ` +
            `${targets[0]}=question, got ${JSON.stringify(text)}`,
        );
      return [target, name.join('=')];
    }),
  ) as Fields<Of>;
}
