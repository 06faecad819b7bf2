import { Context } from '@temporalio/activity';
import type { Domain } from '../../shared/domain.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { standingOf } from '../../shared/review/late.ts';
import { staysOpen } from '../../shared/review/pace.ts';
import type {
  ReviewEntry,
  ReviewResult,
  ReviewRow,
  ReviewSetInput,
  ReviewSetResult,
} from '../../shared/review/reviews.ts';
import { countReviewEntry } from '../metrics/people.ts';
import { beating } from '../processes/heartbeat.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { ReviewDesk } from './desk.ts';
import { EarlierAnswers } from './earlier.ts';
import { answerQuestions, type OpenQuestion } from './program.ts';
import { ReviewLog } from './log.ts';
import { recordAsked } from './records/asked.ts';
import { SubjectRows } from './subjectRows.ts';
import { reviewIdOf, uri, type RowRange } from '../../shared/ids.ts';
import { failure } from '../failure.ts';

interface ReviewServices {
  readonly store: ArtifactStore;
  /** For the program that answers in place of people. */
  readonly desk: () => Promise<ReviewDesk>;
  /** That program, by its domain's name; none in domains without a truth. */
  readonly expertOf: (domain: string) => Domain['expert'];
  /** Where people are shown a question, by its workflow's id. @default nowhere */
  readonly pageOf?: (workflowId: string) => string;
}

/** A question that has no result on record yet. */
export interface ListedQuestion extends OpenQuestion {
  /** What an interrupted review of it recorded, comments left out. */
  readonly recorded: readonly ReviewEntry[];
  /** Where the annotation desk shows it, where people are asked. */
  readonly page?: string;
}

export interface ReviewRecord {
  readonly setId: string;
  readonly questionId: string;
  readonly entries: readonly ReviewEntry[];
}

/** What a review set leaves behind of questions that it has not waited for. */
export interface Left {
  /** Questions that somebody ended by hand. */
  readonly withdrawn?: readonly string[];
  /** The first row that nobody was asked about. */
  readonly unaskedFrom?: number;
  /** What its parts came to, where it is asked in parts. */
  readonly parts?: readonly DatasetRef[];
}

export type ReviewActivities = ReturnType<typeof createReviewActivities>;

export function createReviewActivities({ store, desk, expertOf, pageOf }: ReviewServices) {
  const log = new ReviewLog(store);
  const rows = new SubjectRows(store);
  return {
    /** Puts verdicts, flags and results into the question's log; again with the same ids: nothing happens. */
    async recordReview({ setId, questionId, entries }: ReviewRecord): Promise<void> {
      await log.append(setId, questionId, entries);
      for (const entry of entries) countReviewEntry(entry.kind, entry.kind === 'result' ? entry.result.kind : '');
    },

    /** The questions of a range that have no result on record; what people said in donors' laps is put there first. */
    async listQuestions(set: ReviewSetInput, { from, to }: RowRange): Promise<ListedQuestion[]> {
      const { setId, subject } = set;
      return beating(async (beat) => {
        const ids = await rows.ids(subject);
        await recordAsked(store, set);
        const earlier = set.donors && (await EarlierAnswers.open(store, log, set));
        const listed: ListedQuestion[] = [];
        for (const [offset, id] of ids.slice(from, to).entries()) {
          let entries = await log.history(setId, id);
          if (earlier && entries.every(({ takenFrom }) => takenFrom !== undefined)) {
            await log.append(setId, id, await earlier.to(await rows.row(subject, from + offset)));
            entries = await log.history(setId, id);
          }
          beat({ read: offset + 1, of: to - from });
          if (!entries.some((entry) => entry.kind === 'result'))
            listed.push({
              id,
              row: from + offset,
              recorded: entries.map(withoutComment),
              ...(pageOf && set.experts === 'people' && { page: pageOf(reviewIdOf(setId, id)) }),
            });
        }
        return listed;
      });
    },

    /** Answers in experts' place, under the program's name. */
    async answerAsProgram(set: ReviewSetInput, questions: readonly OpenQuestion[]): Promise<void> {
      const expert = expertOf(set.domain);
      if (!expert) {
        throw failure(
          'NoChecker',
          'Expected a program to answer in place of experts, got none in this domain: set domain.experts to "people"',
        );
      }
      const signal = Context.current().cancellationSignal;
      await beating(async (beat) =>
        answerQuestions(set, questions, { desk: await desk(), expert, rows, signal, beat }),
      );
    },

    /**
     * Writes what each question came to, in the order of the rows; a question without a result on record is open, where
     * it stays so, else it has expired.
     */
    async collectReviews(set: ReviewSetInput, left: Left = {}): Promise<ReviewSetResult> {
      const { setId, kind, subject, range } = set;
      return beating(async (beat) => {
        const counts = { scored: 0, flagged: 0, expired: 0, open: 0, verdicts: 0 };
        let [taken, unasked, halfAnswered] = [0, 0, 0];
        const from = range?.from ?? 0;
        const ids = (await rows.ids(subject)).slice(from, range?.to);
        const ofParts = await store.rowsById<ReviewRow>(...(left.parts ?? []));
        const without = (id: string, row: number): ReviewResult => {
          if (!staysOpen(set) || left.withdrawn?.includes(id)) return { kind: 'expired' };
          const known = ofParts.get(id);
          if (known) return known.result;
          return { kind: 'open', ...(row >= (left.unaskedFrom ?? Infinity) && { unasked: true }) };
        };
        async function* results(): AsyncGenerator<ReviewRow> {
          for (const [offset, id] of ids.entries()) {
            const entries = await log.read(setId, id);
            const recorded = entries.findLast((entry) => entry.kind === 'result');
            const result = recorded?.result ?? without(id, from + offset);
            counts[result.kind] += 1;
            if (result.kind === 'open') {
              if (result.unasked) unasked += 1;
              if (standingOf(entries).answers > 0) halfAnswered += 1;
            }
            const verdicts = entries.filter((entry) => 'verdict' in entry);
            counts.verdicts += verdicts.length;
            taken += verdicts.filter(({ takenFrom }) => takenFrom !== undefined).length;
            beat({ ...counts, of: ids.length });
            yield { id, result };
          }
        }
        const made = madeBy('collectReviews', { subject, answers: { reviewId: setId } });
        const written = await store.writeJsonl(uri.reviewResults(setId, range), results(), made);
        const { open, ...came } = counts;
        return {
          setId,
          kind,
          subject,
          results: written,
          ...came,
          ...(open > 0 && { open }),
          ...(unasked > 0 && { unasked }),
          ...(halfAnswered > 0 && { halfAnswered }),
          ...(taken > 0 && { taken }),
        };
      });
    },
  };
}

function withoutComment(entry: ReviewEntry): ReviewEntry {
  if (!('verdict' in entry)) return entry;
  const { comment: _, lines: __, analyses: ___, ...verdict } = entry.verdict;
  return { ...entry, verdict };
}
