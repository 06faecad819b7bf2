/** What the user asked for cannot be: the message names the option, what was expected and what came. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** @throws UsageError unless the option's text is a whole number of at least `least`. */
export function wholeFrom(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least)
    throw new UsageError(`Expected ${option} to be a whole number of at least ${least}, got ${JSON.stringify(text)}`);
  return number;
}
