import { expertTime, type AnsweredAt } from '../../shared/cost/expertTime.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LateQuestion } from '../../shared/review/late.ts';
import type { ReviewEntry, ReviewRow } from '../../shared/review/reviews.ts';
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

/**
 * From the stored verdicts, up to the lap's end; a program's time is not counted. What people say later of a question
 * is the next lap's use, beside what it asks itself.
 */
export async function expertFigures({ store, manifest, notes }: Measuring): Promise<ExpertUse[]> {
  const { reviews, recipe, endedAt, late } = manifest;
  const { leaseMinutes } = recipe.experts;
  const uses: ExpertUse[] = [];
  for (const { setId, verdicts, taken = 0, results } of reviews) {
    const phase = partOf(setId) ?? setId;
    const questions = (await store.readRows<ReviewRow>(results)).map(({ id, result }) => ({
      setId,
      id,
      ...(result.kind === 'open' && { to: endedAt }),
    }));
    const answers = recipe.domain.experts === 'people' ? await answersOf(store, questions) : [];
    const own = answers.filter(({ takenFrom }) => takenFrom === undefined); // others were an earlier lap's minutes
    const { minutes } = expertTime(own, leaseMinutes);
    const { perVerdict } = expertTime(answers, leaseMinutes);
    if (answers.length > 0 && perVerdict === null)
      notes.absent(
        `ledger.${phase}.expertMinutes`,
        `no person answered two questions of ${setId} within ${recipe.experts.leaseMinutes} minutes: their times ` +
          'do not tell how long an answer takes',
      );
    uses.push({ phase, verdicts: verdicts - taken, minutes, minutesPerVerdict: perVerdict });
  }
  if (late && manifest.parent) {
    const { endedAt: from } = await store.readJson<LapManifest>(manifest.parent.manifest.uri);
    const questions = await store.readRows<LateQuestion>(late.standing);
    const answers = await answersOf(
      store,
      questions.map(({ setId, id }) => ({ setId, id, from, to: endedAt })),
    );
    const { minutes, perVerdict } = expertTime(answers, leaseMinutes);
    if (answers.length > 0)
      uses.push({ phase: 'late', verdicts: answers.length, minutes, minutesPerVerdict: perVerdict });
  }
  return uses;
}

type Answer = AnsweredAt & Pick<ReviewEntry, 'takenFrom'>;

interface Asked extends Pick<LateQuestion, 'setId' | 'id'> {
  /** What is counted of it: after one moment, up to another. @default all */
  readonly from?: string;
  readonly to?: string;
}

/** People's answers to these questions. */
async function answersOf(store: ArtifactStore, questions: readonly Asked[]): Promise<Answer[]> {
  const log = new ReviewLog(store);
  const answers: Answer[] = [];
  for (const { setId, id, from = '', to } of questions)
    for (const entry of await log.read(setId, id)) {
      const { at } = entry;
      if ('verdict' in entry && entry.verdict.source === 'expert' && at > from && (to === undefined || at <= to))
        answers.push({ ...entry, annotator: entry.verdict.annotator, at: Date.parse(at) });
    }
  return answers;
}
