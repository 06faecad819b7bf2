import * as z from 'zod';

/**
 * A setting that is JSON, by its schema.
 * @throws naming the field, what was expected and what came, with the example.
 */
export function parseSetting<T>(setting: string, text: string, schema: z.ZodType<T>, example: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`Expected ${setting} to be JSON such as ${example}, got ${JSON.stringify(text)}`, { cause: error });
  }
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => {
    // such as `kind`: the path is the field's, the input the object that has it
    const field = issue.code === 'invalid_union' ? issue.discriminator : undefined;
    const came = field === undefined ? issue.input : (issue.input as Record<string, unknown>)[field];
    return `${z.core.toDotPath([setting, ...issue.path])}: ${issue.message}, got ${JSON.stringify(came)}`;
  });
  throw new Error(`${issues.join('; ')}. An example: ${example}`);
}
