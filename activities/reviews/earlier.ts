import { createHash } from 'node:crypto';
import { inLap, reviewIdOf } from '../../shared/ids.ts';
import type { ReviewEntry, ReviewSetInput } from '../../shared/review/reviews.ts';
import { takenAnswers } from '../../shared/review/takenAnswers.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { ReviewLog } from './log.ts';
import type { SubjectRow } from './subjectRows.ts';

/** Questions by what they are about: whoever wrote the text, and whatever its row is called. */
type Questions = ReadonlyMap<string, string>;

interface Donor {
  readonly setId: string;
  readonly questions: Questions;
}

/** What people said to the questions of the same set in earlier laps. */
export class EarlierAnswers {
  readonly #set: ReviewSetInput;
  readonly #log: ReviewLog;
  readonly #donors: readonly Donor[];

  private constructor(set: ReviewSetInput, log: ReviewLog, donors: readonly Donor[]) {
    this.#set = set;
    this.#log = log;
    this.#donors = donors;
  }

  static async open(store: ArtifactStore, log: ReviewLog, set: ReviewSetInput): Promise<EarlierAnswers> {
    const donors: Donor[] = [];
    for (const lap of set.donors ?? []) {
      const setId = inLap(lap, set.setId);
      donors.push({ setId, questions: await questionsOf(store, inLap(lap, set.subject.uri)) });
    }
    return new EarlierAnswers(set, log, donors);
  }

  /** For a question's own log; of the newest lap that has any. */
  async to(row: SubjectRow): Promise<ReviewEntry[]> {
    const about = contentOf(row);
    for (const { setId, questions } of this.#donors) {
      const id = questions.get(about);
      const entries = id === undefined ? [] : await this.#log.read(setId, id);
      const taken = takenAnswers(entries, this.#set, reviewIdOf(setId, id ?? ''));
      if (taken.length > 0) return taken;
    }
    return [];
  }
}

async function questionsOf(store: ArtifactStore, subject: string): Promise<Questions> {
  const questions = new Map<string, string>();
  const made = await store.readMade(subject);
  if (made === undefined || (await store.stat(subject)) === undefined) return questions;
  for await (const row of store.readJsonl<SubjectRow>({ uri: subject, sha256: made.sha256 }))
    questions.set(contentOf(row), row.id);
  return questions;
}

function contentOf({ problem, proof, analysis }: SubjectRow): string {
  return createHash('sha256')
    .update(JSON.stringify([problem.statement, proof, analysis]))
    .digest('base64');
}
