import type { Command } from 'commander';
import { TARGETS, type Fields, type Target } from '../../activities/imports/fields.ts';
import { UsageError } from '../usage.ts';

/** Adds `--field`, which says where a file of problems has what. */
export const withFields = (command: Command): Command =>
  command.option(
    '--field <field=name>',
    `reads ${TARGETS.join(', ')} from this field of the file, such as statement=question; repeatable`,
    (value: string, all: string[]) => [...all, value],
    [],
  );

/** `--field` options. @throws UsageError where one is none of a problem's. */
export function fieldsFrom(given: readonly string[]): Fields {
  return Object.fromEntries(
    given.map((text) => {
      const [target = '', ...name] = text.split('=');
      if (!TARGETS.includes(target as Target) || name.join('=') === '')
        throw new UsageError(
          `--field: expected one of ${TARGETS.join(', ')} and a field of the file, such as statement=question, got ` +
            JSON.stringify(text),
        );
      return [target, name.join('=')];
    }),
  );
}
