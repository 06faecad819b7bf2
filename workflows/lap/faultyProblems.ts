import type { OpenedLap } from '../../activities/laps/open.ts';
import { placeOf } from '../../shared/ids.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { data } from '../proxies.ts';

export type Faulty = ReturnType<typeof faultyProblems>;

/**
 * Problems that people confirmed to be faulty: from the next part of the lap on nothing samples, labels or trains on
 * them. Where there are none, every dataset stays what it is.
 */
export function faultyProblems({ lap, problems, recipe }: OpenedLap, tell: (found: readonly string[]) => void) {
  const at = placeOf(lap, 'faulty');
  const asked: ReviewSetResult[] = [];
  let standing: DatasetRef | undefined;
  let known = problems.faulty;

  const mayBeFlagged = () => asked.filter(({ flagged, open = 0 }) => flagged + open > 0);

  /** All that are known by now; `name` is of the part of the lap that asks. */
  async function look(name: string): Promise<DatasetRef | undefined> {
    const reviews = mayBeFlagged();
    if (reviews.length === 0 && !standing) return known;
    const before = known?.rows ?? 0;
    known = await data.findFaulty({ at, name, known, reviews, standing });
    if (known && known.rows > before)
      tell([`problems that people found faulty, and that are taken out: ${known.rows} (${known.uri})`]);
    return known;
  }

  /** The parts of a dataset without what is faulty by now, in their order. */
  async function without(name: string, parts: readonly DatasetRef[]): Promise<readonly DatasetRef[]> {
    const faulty = await look(name);
    return faulty === undefined ? parts : data.withoutFaulty({ at, name, parts, faulty, domain: recipe.domain });
  }

  return {
    /** None is known, and nobody can have flagged one. */
    isClear: (): boolean => !known && !standing && mayBeFlagged().length === 0,
    look,
    without,
    /** Sets of questions in which problems may have been flagged, or may still be. */
    asked: (...reviews: readonly ReviewSetResult[]): void => void asked.push(...reviews),
    /** Likewise of earlier laps. */
    late(questions: DatasetRef): void {
      standing = questions;
    },
  };
}
