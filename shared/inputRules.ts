import { isPath } from './ids.ts';

// What inputs of workflows are checked by, without a library: the bundle of workflows has none.

/** What a field has to be, in words, and whether a value is. */
export type Rule = readonly [expected: string, isGood: (value: unknown) => boolean];
export type Field = readonly [path: string, value: unknown, rule: Rule];

export const TEXT: Rule = ['a text', (value) => typeof value === 'string' && value !== ''];
export const PATH: Rule = [
  'a path without empty or dotted segments',
  (value) => typeof value === 'string' && isPath(value),
];
export const INTEGER: Rule = ['an integer', Number.isInteger];
export const COUNT: Rule = ['an integer of at least 0', (value) => Number.isInteger(value) && (value as number) >= 0];
export const FROM_ONE: Rule = [
  'an integer of at least 1',
  (value) => Number.isInteger(value) && (value as number) >= 1,
];
export const POSITIVE: Rule = ['a positive number', (value) => Number.isFinite(value) && (value as number) > 0];
export const NOT_NEGATIVE: Rule = [
  'a number of at least 0',
  (value) => Number.isFinite(value) && (value as number) >= 0,
];
export const BOOLEAN: Rule = ['true or false', (value) => typeof value === 'boolean'];
export const OBJECT: Rule = [
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
];

/** By its digest; earlier builds gave its name alone. */
export const PROMPTS: Rule = ['a prompt set', (value) => OBJECT[1](value) || TEXT[1](value)];

export function oneOf(choices: readonly string[]): Rule {
  return [`one of ${choices.join(', ')}`, (value) => choices.includes(value as string)];
}

export function listOf([expected, isGood]: Rule): Rule {
  return [`a list, each of it ${expected}`, (value) => Array.isArray(value) && value.every(isGood)];
}

export function optional([expected, isGood]: Rule): Rule {
  return [`${expected}, or nothing`, (value) => value === undefined || isGood(value)];
}

/** The fields of a value, by a rule for each name. */
export function fieldsOf(path: string, value: unknown, rules: Readonly<Record<string, Rule>>): Field[] {
  const fields = loose<Record<string, unknown>>(value);
  return Object.entries(rules).map(([name, rule]) => [path + name, fields[name], rule]);
}

export function datasetFields(path: string, dataset: unknown): Field[] {
  return fieldsOf(`${path}.`, dataset, { uri: TEXT, sha256: TEXT, rows: COUNT });
}

/** What is wrong, in a sentence that names the field; undefined when nothing is. */
export function firstWrong(fields: readonly Field[]): string | undefined {
  const wrong = fields.find(([, value, [, isGood]]) => !isGood(value));
  if (wrong === undefined) return undefined;
  const [path, value, [expected]] = wrong;
  return `Expected ${path} to be ${expected}, got ${shown(value)}`;
}

export type Loose<T> = Readonly<Partial<Record<keyof T, unknown>>>;

/** The fields of what should be a T, none of them trusted. */
export function loose<T>(value: unknown): Loose<T> {
  return (typeof value === 'object' && value !== null ? value : {}) as Loose<T>;
}

/** A value as it may stand in a one-line message. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? typeof value);
  return text.length <= 80 ? text : `${text.slice(0, 80)}… (${text.length} characters)`;
}
