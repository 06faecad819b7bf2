import { getNodeValue, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
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
  return checkSetting(setting, value, schema, example);
}

/** The same of a value that was read already. What lies in an object is not shown: it may be a key. */
export function checkSetting<T>(setting: string, value: unknown, schema: z.ZodType<T>, example: string): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => {
    const told = (path: readonly PropertyKey[], message: string) => {
      const field = z.core.toDotPath(path);
      return `${setting}${field === '' || field.startsWith('[') ? '' : '.'}${field}: ${message}`;
    };
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) =>
        told([...issue.path, key], issue.message.startsWith('no such field') ? issue.message : 'no such field'),
      );
    if (issue.message.includes(', got ')) return told(issue.path, issue.message);
    // such as `kind`: the path is the field's, the input the object that has it
    const field = issue.code === 'invalid_union' ? issue.discriminator : undefined;
    const came = field === undefined ? issue.input : (issue.input as Record<string, unknown>)[field];
    const isWhole = typeof came === 'object' && came !== null;
    const shown = isWhole ? (Array.isArray(came) ? 'a list' : 'an object') : JSON.stringify(came);
    return told(issue.path, `${issue.message}, got ${shown}`);
  });
  throw new Error(`${issues.join('; ')}. An example: ${example}`);
}

/**
 * What a person's file says that is JSON, with comments and trailing commas where they like.
 * @param where for the message, which does not show what the file holds: it may be a key.
 * @throws naming the line; also of a name that comes twice.
 */
export function parseJsonc(where: string, text: string): unknown {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const refuse = (offset: number, got: string): never => {
    const before = text.slice(0, offset).split('\n');
    const character = (before.at(-1)?.length ?? 0) + 1;
    throw new Error(
      `${where} line ${before.length}: expected JSON, comments allowed, got ${got} at character ${character}`,
    );
  };
  const [first] = errors;
  if (first !== undefined) refuse(first.offset, printParseErrorCode(first.error));
  if (tree === undefined) return refuse(text.length, 'nothing');
  const twice = repeatedName(tree);
  if (twice !== undefined) refuse(twice.offset, `${JSON.stringify(twice.value)} a second time`);
  return getNodeValue(tree) as unknown;
}

/** A name that an object has already: the first value would be lost in silence. */
function repeatedName({ type, children = [] }: Node): Node | undefined {
  const names = type === 'object' ? children.flatMap(({ children: [name] = [] }) => name ?? []) : [];
  const twice = names.find((name, index) => names.findIndex(({ value }) => value === name.value) < index);
  return twice ?? children.map(repeatedName).find((found) => found !== undefined);
}
