import { isRecord } from '../recipe/issues.ts';

export interface FieldChange {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Objects are compared field by field, anything else as a whole. */
export function differences(at: string, from: unknown, to: unknown): FieldChange[] {
  if (!isRecord(from) || !isRecord(to))
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field: at, from, to }];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) =>
    differences(at === '' ? key : `${at}.${key}`, from[key], to[key]),
  );
}
