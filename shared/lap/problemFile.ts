import * as z from 'zod';
import type { Problem } from '../records.ts';
import { refusalOfText, visible } from '../texts.ts';
import { tell } from '../recipe/issues.ts';

/** Ours: a statement of more characters is a book, or a mistake. */
export const LONGEST_STATEMENT = 100_000;
export const PROBLEM_ID = /^[\w.-]{1,80}$/;
/** Most characters of a problem's other texts. */
export const LONGEST = { topic: 80, source: 400 } as const;

const text = z.string().superRefine((value, context) => {
  const message = value.trim() === '' ? 'expected text, got nothing but white space' : refusalOfText(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/**
 * A line of a problems file. Unknown fields are refused: a misspelt `topic` would otherwise be lost in silence.
 */
const problemLine = z.strictObject({
  id: z.string().regex(PROBLEM_ID, 'expected letters, digits, dots, dashes or underscores'),
  statement: text,
  topic: text.max(LONGEST.topic),
  source: text.max(LONGEST.source),
  difficulty: z.number().optional(),
});

/** The object of a line of JSON. @throws with what is wrong, and where. */
export function objectIn(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    const { message } = error as Error; // says what is wrong, and some say where
    throw new Error(`${where}: expected a JSON object, got ${visible(line)} (${visible(message, 200)})`, {
      cause: error,
    });
  }
}

/** @throws naming the field, what was expected and what came. */
export function checkedProblem(value: unknown, where: string): Problem {
  const parsed = problemLine.safeParse(value);
  if (!parsed.success) throw new Error(`${where}: ${tell(parsed.error, value)}`);
  const { difficulty, ...problem } = parsed.data;
  return difficulty === undefined ? problem : { ...problem, difficulty };
}
