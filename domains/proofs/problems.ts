import * as z from 'zod';
import type { ProblemsAsked, Splits } from '../../shared/domain.ts';
import { bandOf } from '../../shared/lap/laterLap.ts';
import { checkedProblem, LONGEST_STATEMENT, objectIn } from '../../shared/lap/problemFile.ts';
import type { Problem } from '../../shared/records.ts';
import { seedOf, shuffled } from '../../shared/seeds.ts';

const share = z.number().min(0).max(0.5).default(0.1);

export const settings = z.strictObject({
  /** A JSONL file of the store: id, statement, topic, source and, where there is a curriculum, difficulty. */
  path: z.string().min(1),
  validationShare: share,
  heldOutShare: share,
  /**
   * The curriculum's bands [lowest, highest] of the file's `difficulty`: a lap trains on its own and labels proofs of
   * the next; the last one stays. @default all problems in every lap
   */
  difficulties: z
    .array(z.tuple([z.number(), z.number()]).refine(([low, high]) => low <= high, 'expected [lowest, highest]'))
    .min(1)
    .optional(),
  /** Longer statements are left out, by name. @default 100,000 */
  maxStatementCharacters: z.int().min(1).optional(),
  /** The share of all problems that may be left out so; beyond it the file is refused. @default 0.01 */
  maxLeftOutShare: z.number().min(0).max(1).optional(),
});
export type ProofsSettings = z.infer<typeof settings>;

type Asked = ProblemsAsked<ProofsSettings>;

export async function splitFile(asked: Asked): Promise<Splits> {
  const { settings, turn, seed, kept } = asked;
  const { problems, leftOut } = await readProblems(settings.path, asked.read, settings);
  const all = shuffled(problems, seedOf(seed, 'split'));
  const cut = (from: number, share: number) => all.slice(from, from + Math.ceil(all.length * share));
  const heldOut = kept?.heldOut ?? cut(0, settings.heldOutShare);
  const validation = kept?.validation ?? cut(heldOut.length, settings.validationShare);
  const away = new Set([...heldOut, ...validation].map(({ id }) => id));
  const rest = all.filter(({ id }) => !away.has(id));
  if (rest.length === 0)
    throw new Error(
      `Expected ${settings.path} to hold problems to train on, got ${all.length} in all, ${heldOut.length} held out ` +
        `and ${validation.length} that validate: add problems, or lower heldOutShare and validationShare`,
    );
  return { heldOut, validation, train: ofBand(rest, asked, turn), next: ofBand(rest, asked, turn + 1), leftOut };
}

/** @throws when a lap would have nothing to train on. */
function ofBand(
  problems: readonly Problem[],
  { settings: { path, difficulties }, curriculum }: Asked,
  turn: number,
): readonly Problem[] {
  if (difficulties === undefined) return problems;
  const [low, high] = bandOf(difficulties, curriculum, turn);
  return nonEmpty(
    problems.filter(({ difficulty }) => difficulty !== undefined && difficulty >= low && difficulty <= high),
    `${path} to hold problems of difficulty ${low} to ${high} for lap ${turn} of the curriculum`,
  );
}

function nonEmpty(problems: readonly Problem[], expected: string): readonly Problem[] {
  if (problems.length === 0) throw new Error(`Expected ${expected}, got none`);
  return problems;
}

type Limits = Pick<ProofsSettings, 'maxStatementCharacters' | 'maxLeftOutShare'>;

/**
 * The problems of a JSONL file in the store, and those that are too long.
 * @throws naming the line, the field and both lines of a duplicate; the problems, where too many are too long.
 */
export async function readProblems(
  uri: string,
  read: Asked['read'],
  { maxStatementCharacters: longest = LONGEST_STATEMENT, maxLeftOutShare = 0.01 }: Limits = {},
): Promise<{ readonly problems: Problem[]; readonly leftOut: { readonly id: string; readonly why: string }[] }> {
  const problems: Problem[] = [];
  const leftOut: { id: string; why: string }[] = [];
  const lineOf = new Map<string, number>();
  let number = 0;
  for await (const line of read(uri)) {
    number += 1;
    if (line.trim() === '') continue;
    const where = `${uri} line ${number}`;
    const problem = problemIn(line, where);
    for (const [what, value] of [
      ['id', problem.id],
      ['statement', problem.statement.trim()],
    ] as const) {
      const earlier = lineOf.get(`${what}:${value}`);
      if (earlier !== undefined)
        throw new Error(
          `${uri} line ${number}: the ${what} of problem ${problem.id} stands on line ${earlier} already: ` +
            'expected each problem once',
        );
      lineOf.set(`${what}:${value}`, number);
    }
    const { length } = problem.statement;
    if (length <= longest) problems.push(problem);
    else leftOut.push({ id: problem.id, why: `its statement has ${length} characters, more than ${longest}` });
  }
  const most = maxLeftOutShare * (problems.length + leftOut.length);
  if (leftOut.length > most)
    throw new Error(
      `${uri}: expected at most ${Math.floor(most)} statements of more than ${longest} characters, got ` +
        `${leftOut.length} (${leftOut
          .slice(0, 8)
          .map(({ id }) => id)
          .join(', ')}${leftOut.length > 8 ? ', …' : ''}): ` +
        'shorten them, or set domain.settings.maxStatementCharacters or maxLeftOutShare',
    );
  return { problems, leftOut };
}

function problemIn(line: string, where: string): Problem {
  try {
    return checkedProblem(objectIn(line, where), where);
  } catch (error) {
    const remedy = '`flywheel import problems` takes in files of other forms, and leaves out what nobody can ask about';
    throw new Error(`${(error as Error).message}. ${remedy}`, { cause: error });
  }
}
