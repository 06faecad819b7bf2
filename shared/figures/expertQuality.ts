import { standingEntries } from '../review/late.ts';
import type { QuestionKind, ReviewEntry } from '../review/reviews.ts';
import type { Score } from '../scores.ts';
import { meanOfRuns } from '../statistics/differences.ts';
import type { Figure } from '../statistics/figure.ts';
import { wilsonAt } from '../statistics/wilson.ts';
import { expertAgreementOf, firstScoresOf, type ExpertAgreement } from './expertAgreement.ts';
import { goldFiguresOf, type GoldAnswer, type GoldFigures } from './gold.ts';

/** A question with all that was said of it, those answers included that were taken back. */
export interface SaidQuestion {
  readonly kind: QuestionKind;
  readonly entries: readonly ReviewEntry[];
  /** Its answer, where it is known. */
  readonly known?: Score | undefined;
  /** For how long its seats are kept. */
  readonly leaseMinutes?: number | undefined;
}

/** What people's answers are worth, and what they took; for leads. A program's answers are left out. */
export interface ExpertQuality {
  readonly questions: Readonly<Record<'scored' | 'flagged' | 'expired' | 'open' | 'adjudicated', number>>;
  readonly agreement: ExpertAgreement;
  /** Share of first answers to questions of known answers that are these, with Wilson's interval. */
  readonly gold: Figure;
  /** By id. */
  readonly people: readonly PersonQuality[];
  /** The newest first. */
  readonly weeks: readonly WeekOfWork[];
}

export interface PersonQuality {
  readonly annotator: string;
  /** First scores; of these, those that were not sure. */
  readonly scores: number;
  readonly uncertain: number;
  readonly assisted: number;
  readonly decisions: number;
  readonly flags: number;
  readonly givenBack: number;
  readonly takenBack: number;
  /** Mean of own score − the others' mean on the same question, by Student's interval; null below two questions. */
  readonly bias: Figure;
  readonly gold: GoldFigures['accuracy'] | null;
  readonly hours: number;
  /** Answers without a claim before them: nothing says what they took. */
  readonly untimed: number;
}

export interface WeekOfWork {
  /** Its Monday, such as `2026-05-04`, in UTC. */
  readonly from: string;
  readonly hours: number;
  readonly by: Readonly<Record<string, number>>;
}

/** Ours: where nothing says for how long a seat is kept. */
const LEASE_MINUTES = 60;

/** What an earlier lap was told is counted there. */
export function expertQualityOf(asked: readonly SaidQuestion[]): ExpertQuality {
  const people = new Map<string, Tally>();
  const of = (annotator: string): Tally => {
    const tally = people.get(annotator) ?? newTally();
    people.set(annotator, tally);
    return tally;
  };
  const questions = { scored: 0, flagged: 0, expired: 0, open: 0, adjudicated: 0 };
  const gold: GoldAnswer[] = [];
  const weeks = new Map<string, Map<string, number>>();
  const standing = asked.map(({ entries, ...question }) => ({
    ...question,
    entries: standingEntries(entries.filter(({ takenFrom }) => takenFrom === undefined)),
    all: entries.filter(({ takenFrom }) => takenFrom === undefined),
  }));
  for (const { entries, all, known, leaseMinutes = LEASE_MINUTES } of standing) {
    const result = entries.findLast((entry) => entry.kind === 'result')?.result;
    questions[result?.kind ?? 'open'] += 1;
    if (result?.kind === 'scored' && result.adjudicated) questions.adjudicated += 1;
    const firsts = firstScoresOf(entries);
    for (const { annotator, score } of firsts) {
      const others = firsts.filter((one) => one.annotator !== annotator).map((one) => one.score);
      if (others.length > 0) of(annotator).differences.push(score - mean(others));
      if (known !== undefined) gold.push({ annotator, source: 'expert', isRight: score === known });
    }
    for (const entry of all) {
      const annotator = personIn(entry);
      if (annotator === undefined) continue;
      const tally = of(annotator);
      count(tally, entry);
      if (!('verdict' in entry)) continue;
      if (entry.seconds === undefined) {
        tally.untimed += 1;
        continue;
      }
      // Who went away with a seat in their hands did not work for all that time.
      const hours = Math.min(entry.seconds, leaseMinutes * 60) / 3600;
      tally.hours += hours;
      const week = mondayOf(entry.at);
      const by = weeks.get(week) ?? new Map<string, number>();
      weeks.set(week, by.set(annotator, (by.get(annotator) ?? 0) + hours));
    }
  }
  const known = goldFiguresOf(gold);
  const right = gold.filter(({ isRight }) => isRight).length;
  return {
    questions,
    agreement: expertAgreementOf(standing),
    gold:
      gold.length === 0
        ? null
        : { value: right / gold.length, ...wilsonAt(right / gold.length, gold.length), n: gold.length },
    people: [...people]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([annotator, { differences, ...counts }]) => ({
        annotator,
        ...counts,
        bias: meanOfRuns(differences),
        gold: known.find((one) => one.annotator === annotator)?.accuracy ?? null,
      })),
    weeks: [...weeks]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([from, by]) => ({ from, hours: [...by.values()].reduce((a, b) => a + b, 0), by: Object.fromEntries(by) })),
  };
}

type Tally = { -readonly [Name in Exclude<keyof PersonQuality, 'annotator' | 'bias' | 'gold'>]: number } & {
  readonly differences: number[];
};

const newTally = (): Tally => ({
  scores: 0,
  uncertain: 0,
  assisted: 0,
  decisions: 0,
  flags: 0,
  givenBack: 0,
  takenBack: 0,
  hours: 0,
  untimed: 0,
  differences: [],
});

/** Whose entry it is; nobody's where it is a result, or a program's. */
function personIn(entry: ReviewEntry): string | undefined {
  if ('verdict' in entry) return entry.verdict.source === 'expert' ? entry.verdict.annotator : undefined;
  return entry.kind === 'result' ? undefined : entry.annotator;
}

function count(tally: Tally, entry: ReviewEntry): void {
  switch (entry.kind) {
    case 'verdict':
      tally.scores += 1;
      if (entry.verdict.uncertain) tally.uncertain += 1;
      return;
    case 'assisted':
      tally.assisted += 1;
      return;
    case 'adjudication':
      tally.decisions += 1;
      return;
    case 'flag':
      tally.flags += 1;
      return;
    case 'givenBack':
      tally.givenBack += 1;
      return;
    case 'withdrawn':
      tally.takenBack += 1;
      return;
    case 'result':
      return;
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function mondayOf(iso: string): string {
  const day = new Date(iso);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

/** How long open questions have waited. */
export interface Ageing {
  readonly open: number;
  readonly medianHours: number | null;
  readonly oldestHours: number | null;
  readonly pastDeadline: number;
}

/** @param now milliseconds since 1970. */
export function ageingOf(
  open: readonly { readonly openedAt: string; readonly deadline?: string | undefined }[],
  now: number,
): Ageing {
  const hours = open.map(({ openedAt }) => (now - Date.parse(openedAt)) / 3_600_000).sort((a, b) => a - b);
  const [low, high] = [hours[Math.floor((hours.length - 1) / 2)], hours[Math.floor(hours.length / 2)]];
  return {
    open: open.length,
    medianHours: low === undefined || high === undefined ? null : (low + high) / 2,
    oldestHours: hours.at(-1) ?? null,
    pastDeadline: open.filter(({ deadline }) => deadline !== undefined && Date.parse(deadline) <= now).length,
  };
}
