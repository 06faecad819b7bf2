import type { Environment } from '../processes/records.ts';

/** Lines of a shell that export variables; what is undefined is left out. */
export function variables(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Error(`Expected the name of a variable, got ${JSON.stringify(name)}`);
    return value === undefined ? [] : [`export ${name}=${quoted(value)}`];
  });
}

/** One word of a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
