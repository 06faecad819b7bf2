import type { Measured } from '../statistics/figure.ts';
import { wilsonAt } from '../statistics/wilson.ts';

/** One annotator's answers to the questions of a lap whose answers are known. */
export interface GoldFigures {
  readonly annotator: string;
  /** A program's answers are named as such. */
  readonly source: 'expert' | 'program';
  /** Share of first answers that are the known score, with Wilson's 95 % interval. */
  readonly accuracy: Measured;
  /** Whether even the interval's upper end is below `PEOPLE_AGREE`. */
  readonly isBelow: boolean;
}

export interface GoldAnswer extends Pick<GoldFigures, 'annotator' | 'source'> {
  readonly isRight: boolean;
}

/** As people agree on proofs (Open Proof Corpus: 90.3 %): nobody can be expected to agree more with one of them. */
export const PEOPLE_AGREE = 0.9;

/** By annotator; those who answered most first. */
export function goldFiguresOf(answers: readonly GoldAnswer[]): GoldFigures[] {
  const by = new Map<string, { source: GoldFigures['source']; right: number; of: number }>();
  for (const { annotator, source, isRight } of answers) {
    const { right, of } = by.get(annotator) ?? { right: 0, of: 0 };
    by.set(annotator, { source, right: right + Number(isRight), of: of + 1 });
  }
  return Array.from(by, ([annotator, { source, right, of }]) => {
    const accuracy = { value: right / of, ...wilsonAt(right / of, of), n: of };
    return { annotator, source, accuracy, isBelow: accuracy.high < PEOPLE_AGREE };
  }).sort((one, other) => other.accuracy.n - one.accuracy.n || (one.annotator < other.annotator ? -1 : 1));
}
