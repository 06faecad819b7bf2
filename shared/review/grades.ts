import { isScore, type Score } from '../scores.ts';

/** How a set's grades become the scores of the rubric. */
export interface GradeScale {
  /** In words, such as `0 to 7: 7 = 1, 5 to 6.5 = 0.5, below = 0`. */
  readonly says: string;
  /** Undefined for a grade that it does not name. */
  readonly scoreOf: (grade: string) => Score | undefined;
  /** Whether it knows right and wrong alone: no grade becomes 0.5. */
  readonly isBinary: boolean;
}

/** A grade as it is compared: a number in plain form, anything else in lower case; undefined where there is none. */
export function gradeIn(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? gradeIn(value[0]) : undefined;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  if (NONE.test(text)) return undefined;
  return NUMBER.test(text) ? String(Number(text)) : text;
}

/** Nothing, as tables are written that know no empty cell. */
const NONE = /^(nan|null)?$/;

const NUMBER = /^-?\d+(\.\d+)?$/;
const RANGE = /^(-?\d+(?:\.\d+)?)\s*(?:-|–|to|\.\.)\s*(-?\d+(?:\.\d+)?)$/;
const OF = /^(\d+(?:\.\d+)?)\s*\/\s*(\d+)$/;

/** Words that graders use, and what they mean on the rubric. */
const WORDS: Readonly<Record<string, Score>> = {
  ...Object.fromEntries(
    ['true', 'yes', 'correct', 'right', 'valid', 'complete', 'pass', 'passed', 'fully correct', 'accept'].map(
      (word) => [word, 1],
    ),
  ),
  ...Object.fromEntries(
    ['partial', 'partially correct', 'almost', 'almost correct', 'mostly correct', 'minor errors', 'incomplete'].map(
      (word) => [word, 0.5],
    ),
  ),
  ...Object.fromEntries(
    ['false', 'no', 'incorrect', 'wrong', 'invalid', 'fail', 'failed', 'not correct', 'reject'].map((word) => [
      word,
      0,
    ]),
  ),
};

/**
 * Marks that are as good as the rubric's 1 and 0.5. Ours: full marks are a complete proof; from five of seven on an
 * olympiad's grader saw a sound one with minor errors, and below that progress, which is no proof.
 */
const MARKS = [
  { most: 7, sound: 5 },
  { most: 10, sound: 7 },
  { most: 21, sound: 15 },
] as const;

/** What stands between a grade and its score: `7=1`, `7->1`, `7 => 1` or `7→1`. */
const BECOMES = /^(.*\S)\s*(?:→|->|=>|=)\s*(\S*)$/;

/**
 * A scale as a person writes it: `0-1=0,2-5=0.5,6-7=1`, `7→1, 1-6→0.5, 0→0` or `pass->1, fail->0`. Ranges hold both
 * ends.
 * @throws naming the part that says nothing, or two that say different things of one grade.
 */
export function scaleFrom(text: string): GradeScale {
  const parts = text.split(',').map((part) => {
    const [, grade = '', becomes = ''] = BECOMES.exec(part.trim()) ?? [];
    const [from, score] = [grade.toLowerCase().replaceAll(/\s+/g, ' '), Number(becomes)];
    if (from === '' || becomes === '' || !isScore(score))
      throw new Error(
        `expected grades and their scores, such as "0-1=0,2-5=0.5,6-7=1" or "correct=1,wrong=0", got ` +
          JSON.stringify(part.trim()),
      );
    const [, low, high] = RANGE.exec(from) ?? (NUMBER.test(from) ? ['', from, from] : []);
    if (low !== undefined && Number(low) > Number(high))
      throw new Error(`expected a range from its lower end on, got ${JSON.stringify(part.trim())}`);
    return { from, score, ...(low !== undefined && { low: Number(low), high: Number(high) }) };
  });
  const holds = ({ from, low, high }: (typeof parts)[number], grade: string): boolean =>
    low === undefined || high === undefined
      ? from === grade
      : NUMBER.test(grade) && Number(grade) >= low && Number(grade) <= high;
  for (const [index, one] of parts.entries())
    for (const other of parts.slice(0, index)) {
      const ends = [one, other].flatMap(({ from, low, high }) => (low === undefined ? [from] : [`${low}`, `${high}`]));
      const both = one.score === other.score ? undefined : ends.find((end) => holds(one, end) && holds(other, end));
      if (both !== undefined)
        throw new Error(`expected one score of each grade, got ${both} as ${other.score} and as ${one.score}`);
    }
  return {
    says: parts.map(({ from, score }) => `${from} = ${score}`).join(', '),
    scoreOf: (grade) => parts.find((part) => holds(part, grade))?.score,
    isBinary: parts.every(({ score }) => score !== 0.5),
  };
}

/**
 * The scale that a set's grades are of, where they leave no doubt.
 * @param seen how often each came, as `gradeIn` gives it.
 * @throws with what was seen, where they could be of several.
 */
export function scaleOf(seen: ReadonlyMap<string, number>): GradeScale {
  const grades = [...seen.keys()];
  const found = wordScale(grades) ?? numberScale(grades) ?? fractionScale(grades);
  if (found !== undefined) return found;
  const shown = [...seen].sort(([, one], [, other]) => other - one).map(([grade, count]) => `${grade} (${count})`);
  throw new Error(
    `expected grades of a known scale (0, 0.5 and 1; 0 to 7, 10 or 21; true and false; correct, partial, incorrect), ` +
      `got ${shown.slice(0, 12).join(', ')}${shown.length > 12 ? ', …' : ''}: say what they mean, such as --grades ` +
      '"0-1=0,2-5=0.5,6-7=1"',
  );
}

function wordScale(grades: readonly string[]): GradeScale | undefined {
  if (grades.length === 0 || !grades.every((grade) => Object.hasOwn(WORDS, grade))) return undefined;
  return {
    says: grades.map((grade) => `${grade} = ${WORDS[grade]}`).join(', '),
    scoreOf: (grade) => WORDS[grade],
    isBinary: grades.every((grade) => WORDS[grade] !== 0.5),
  };
}

function numberScale(grades: readonly string[]): GradeScale | undefined {
  if (!grades.every((grade) => NUMBER.test(grade))) return undefined;
  const numbers = grades.map(Number);
  if (numbers.every(isScore))
    return numbers.includes(0.5)
      ? { says: '0, 0.5 and 1 as they are', scoreOf: scoreFrom, isBinary: false }
      : { says: '0 and 1 as they are', scoreOf: scoreFrom, isBinary: true };
  // What lies between whole and half marks is a mean or a share of something that only its maker knows.
  if (!numbers.every((mark) => mark >= 0 && Number.isInteger(2 * mark))) return undefined;
  return marksScale(Math.max(...numbers));
}

const scoreFrom = (grade: string): Score | undefined => {
  const score = Number(grade);
  return isScore(score) ? score : undefined;
};

/**
 * Marks of a known whole (7, 10 or 21). Where nothing says the whole, somebody must have had it: else 0 to 5 may be all
 * of five, or some of seven.
 */
export function marksScale(most: number): GradeScale | undefined {
  const marks = MARKS.find((each) => each.most === most);
  if (marks === undefined) return undefined;
  return {
    says: `0 to ${most}: ${most} = 1, ${marks.sound} to ${most - 0.5} = 0.5, below = 0`,
    isBinary: false,
    scoreOf: (grade) => {
      if (!NUMBER.test(grade)) return undefined;
      const mark = Number(grade);
      if (mark < 0 || mark > most) return undefined;
      return mark === most ? 1 : mark >= marks.sound ? 0.5 : 0;
    },
  };
}

/** Marks that each say of how many they are, which may differ: `9/21`. */
export const WHOLES: GradeScale = {
  says: `all marks = 1, from ${MARKS.map(({ most, sound }) => `${sound} of ${most}`).join(', ')} on 0.5, below = 0`,
  isBinary: false,
  scoreOf: (grade) => {
    const [, mark = '', of] = OF.exec(grade) ?? [];
    return marksScale(Number(of))?.scoreOf(mark);
  },
};

/** `6/7` says of how many. */
function fractionScale(grades: readonly string[]): GradeScale | undefined {
  const parts = grades.map((grade) => OF.exec(grade));
  const [first] = parts;
  if (!first || !parts.every((part) => part?.[2] === first[2])) return undefined;
  const scale = first[2] === '1' ? numberScale(['0', '1']) : marksScale(Number(first[2]));
  return scale && { ...scale, scoreOf: (grade) => scale.scoreOf(OF.exec(grade)?.[1] ?? '') };
}
