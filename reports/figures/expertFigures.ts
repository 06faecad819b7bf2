import { expertTime, type AnsweredAt } from '../../shared/cost/expertTime.ts';
import type { ReviewEntry, ReviewRow, ReviewSetResult } from '../../shared/review/reviews.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';
import { partOf } from '../../shared/ids.ts';

/** What one set of questions took. */
export interface ExpertUse {
  readonly phase: string;
  readonly verdicts: number;
  readonly minutes: number;
  /** Median; null where the program answered, or nobody answered twice in a row. */
  readonly minutesPerVerdict: number | null;
}

/** From the stored verdicts; a program's time is not counted. */
export async function expertFigures({ store, manifest, notes }: Measuring): Promise<ExpertUse[]> {
  const { reviews, recipe } = manifest;
  const uses: ExpertUse[] = [];
  for (const review of reviews) {
    const { setId, verdicts, taken = 0 } = review;
    const phase = partOf(setId) ?? setId;
    const answers = recipe.domain.experts === 'people' ? await answersOf(store, review) : [];
    const own = answers.filter(({ takenFrom }) => takenFrom === undefined); // others were an earlier lap's minutes
    const { minutes } = expertTime(own, recipe.experts.leaseMinutes);
    const { perVerdict } = expertTime(answers, recipe.experts.leaseMinutes);
    if (answers.length > 0 && perVerdict === null)
      notes.absent(
        `ledger.${phase}.expertMinutes`,
        `no person answered two questions of ${setId} within ${recipe.experts.leaseMinutes} minutes: their times ` +
          'do not tell how long an answer takes',
      );
    uses.push({ phase, verdicts: verdicts - taken, minutes, minutesPerVerdict: perVerdict });
  }
  return uses;
}

type Answer = AnsweredAt & Pick<ReviewEntry, 'takenFrom'>;

async function answersOf(store: ArtifactStore, { setId, results }: ReviewSetResult): Promise<Answer[]> {
  const log = new ReviewLog(store);
  const answers: Answer[] = [];
  for await (const { id } of store.readJsonl<ReviewRow>(results)) {
    for (const entry of await log.read(setId, id)) {
      if ('verdict' in entry && entry.verdict.source === 'expert')
        answers.push({ ...entry, annotator: entry.verdict.annotator, at: Date.parse(entry.at) });
    }
  }
  return answers;
}
