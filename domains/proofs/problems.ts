import * as z from 'zod';
import type { ProblemsAsked, Splits } from '../../shared/domain.ts';
import { bandOf } from '../../shared/lap/laterLap.ts';
import { checkedProblem, LONGEST_STATEMENT, objectIn } from '../../shared/lap/problemFile.ts';
import { USUAL_RULE, type AlikeRule } from '../../shared/problems/alike.ts';
import { drawGroups, groupProblems, whyLeftOut, type HeldBack } from '../../shared/problems/held.ts';
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
  /**
   * Statements whose shingles have at least this Jaccard similarity, and the same numbers, are one problem
   * (docs/method.md, "Splits"). @default 0.8
   */
  similarity: z.number().min(0.5).max(1).optional(),
  /** Whether statements that differ in their numbers alone are one problem, too. @default false */
  ignoreNumbers: z.boolean().optional(),
  /**
   * Files of the store with problems that no model of these laps may have met, such as a benchmark's: what is alike
   * to one of them is left out, by name. @default none
   */
  decontaminate: z.array(z.string().min(1)).optional(),
});
export type ProofsSettings = z.infer<typeof settings>;

type Asked = ProblemsAsked<ProofsSettings>;

/** When two of a team's statements are one problem. */
export const ruleOf = ({ similarity, ignoreNumbers }: ProofsSettings): AlikeRule => ({
  similarity: similarity ?? USUAL_RULE.similarity,
  ignoresNumbers: ignoreNumbers ?? USUAL_RULE.ignoresNumbers,
});

/**
 * The file's problems by their splits, whole groups of near-equal statements at a time. What any lap of the store has
 * held out is held out again, first of all, or in a later lap left out; so is, in either, what is near-equal to it.
 */
export async function splitFile(asked: Asked): Promise<Splits> {
  const { settings, turn, seed, kept } = asked;
  const file = await readProblems(settings.path, asked.read, settings);
  const benchmarks = await problemsOfBenchmarks(asked);
  const before = asked.heldBefore ?? [];
  const away = [
    ...(kept?.heldOut ?? []).map((each) => heldBack(each, 'which is held out')),
    ...(kept?.validation ?? []).map((each) => heldBack(each, 'which validates')),
    ...before,
    ...benchmarks,
  ];
  const { groupOf, heldWith, alike } = await groupProblems(file.problems, away, ruleOf(settings));
  const own = new Set([...(kept?.heldOut ?? []), ...(kept?.validation ?? [])].map(({ id }) => id));
  // A first lap holds out again what was held out before; all else that is near-equal to what is away is left out.
  const barred = new Set<HeldBack>(kept ? away : benchmarks);
  const near = file.problems.flatMap((problem) => {
    const held = own.has(problem.id) ? undefined : heldWith(problem).find((each) => barred.has(each));
    return held === undefined ? [] : [{ problem, why: whyLeftOut(held) }];
  });
  const isLeftOut = new Set(near.map(({ problem }) => problem));
  const all = shuffled(
    file.problems.filter((problem) => !isLeftOut.has(problem)),
    seedOf(seed, 'split'),
  );
  const count = (share: number) => Math.ceil(all.length * share);
  const again = kept === undefined ? inOrder(all, heldWith, before) : [];
  const draw = (from: readonly Problem[], share: number, except = 0) =>
    drawGroups(from, groupOf, count(share) - except);
  const others = without(all, again);
  const heldOut = kept?.heldOut ?? [...again, ...draw(others, settings.heldOutShare, again.length)];
  const validation = kept?.validation ?? draw(without(others, heldOut), settings.validationShare);
  const rest = without(all, heldOut, validation);
  if (rest.length === 0)
    throw new Error(
      `Expected ${settings.path} to hold problems to train on, got ${all.length} in all, ${heldOut.length} held out ` +
        `and ${validation.length} that validate${isLeftOut.size > 0 ? `, beside ${isLeftOut.size} left out` : ''}: ` +
        'add problems, or lower heldOutShare and validationShare (`flywheel problems pairs` lists near-equal ones)',
    );
  const leftOut = [...file.leftOut, ...near.map(({ problem: { id }, why }) => ({ id, why }))];
  const bands = { train: ofBand(rest, asked, turn), next: ofBand(rest, asked, turn + 1) };
  const kin = near.map(({ problem, why }) => heldBack(problem, `left out: ${why}`));
  return { heldOut, validation, ...bands, leftOut, alike, away: [...away, ...kin] };
}

const heldBack = ({ id, statement }: Problem, why: string): HeldBack => ({ id, statement, why });

/** By id: a held-out problem whose text was mended is the same one. */
function without(problems: readonly Problem[], ...those: readonly (readonly Problem[])[]): Problem[] {
  const ids = new Set(those.flat().map(({ id }) => id));
  return problems.filter(({ id }) => !ids.has(id));
}

/** What was held out before, in the order that it had: over one file, runs of other seeds hold out the same bytes. */
function inOrder(
  problems: readonly Problem[],
  heldWith: (problem: Problem) => readonly HeldBack[],
  before: readonly HeldBack[],
): Problem[] {
  const place = new Map<unknown, number>();
  before.forEach((each, index) => {
    for (const key of [each, `${each.id}\n${each.statement}`]) if (!place.has(key)) place.set(key, index);
  });
  const placed = problems.flatMap((problem) => {
    const [first] = heldWith(problem).flatMap((each) => place.get(each) ?? []);
    if (first === undefined) return [];
    return [{ problem, at: place.get(`${problem.id}\n${problem.statement}`) ?? before.length + first }];
  });
  return placed.sort((a, b) => a.at - b.at).map(({ problem }) => problem);
}

async function problemsOfBenchmarks({ settings: { decontaminate = [] }, read }: Asked): Promise<HeldBack[]> {
  const found: HeldBack[] = [];
  for (const uri of decontaminate) {
    const { problems } = await readProblems(uri, read, { maxLeftOutShare: 1 });
    for (const problem of problems) found.push(heldBack(problem, `of ${uri}`));
  }
  return found;
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
