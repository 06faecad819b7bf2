import type * as z from 'zod';

/**
 * What is wrong with an input, field by field: what was expected, and what came.
 * @param unknown says more of a field that there is not. @default `no such field`
 */
export function tell(
  error: z.ZodError,
  input: unknown,
  unknown: (field: string, beside: readonly PropertyKey[]) => string = () => 'no such field',
): string {
  const say = (path: readonly PropertyKey[], expected: string): string =>
    `${path.join('.') || 'the whole'}: ${expected}` +
    (expected.includes(', got ') ? '' : `, got ${show(valueAt(input, path))}`);
  const told = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => say([...issue.path, key], unknown([...issue.path, key].join('.'), issue.path)))
      : say(
          issue.path,
          issue.message
            .replace(/^(Invalid (input|option)|Too (small|big)): /, '')
            .replace(/, received .*$/, '')
            .replace('expected record', 'expected an object'),
        ),
  );
  return told.join('; ');
}

export function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], whole);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value in a message. */
export function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
