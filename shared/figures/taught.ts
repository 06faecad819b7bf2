import type { RewardAnswer } from '../reward/protocol.ts';
import { CUT_OFF, type JudgeScores, type Malformed } from '../reward/rewards.ts';
import { quoted } from '../texts.ts';
import type { MetricsLine } from '../training/job.ts';
import { ENOUGH } from './losses.ts';
import { meanOf } from '../statistics/measures.ts';

/** A finished training, as far as it shows whether anything was learned. */
export interface Course {
  readonly jobKey: string;
  /** Of the weights that it began from, and of those that it ended with. */
  readonly init: string;
  readonly checkpoint: string;
  readonly lines: readonly MetricsLine[];
  readonly hyper: Readonly<Record<'learningRate' | 'maxCompletionTokens', number>>;
}

/** A distinct answer and its reward. */
export interface Rewarded {
  readonly answer: RewardAnswer;
  readonly verdicts: JudgeScores;
  readonly malformed?: Malformed | undefined;
}

const JUDGES = { proof: 'verifier', meta: 'meta-verifier' } as const;
/** Ours: of so many answers cut off, longer ones are worth a try. */
const MANY_CUT = 0.25;

/** What a training's rewards were, counted as they are read: there are many. None in SFT. */
export class CourseWords {
  #malformed = 0;
  readonly #reasons = new Map<string, Malformed & { readonly count: number }>();
  /** Of answers in format, how many got what. */
  readonly #rewards = new Map<number, number>();
  readonly #said = { proof: new Map<number, number>(), meta: new Map<number, number>() };

  add({ answer, verdicts, malformed }: Rewarded): void {
    for (const need of ['proof', 'meta'] as const)
      for (const score of verdicts[need] ?? []) count(this.#said[need], score);
    if (answer.status !== 'scored') return;
    if (answer.components.format !== 0) count(this.#rewards, answer.reward);
    else this.#malformed += 1;
    if (malformed === undefined) return;
    const { count: before = 0, ...first } = { ...malformed, ...this.#reasons.get(malformed.reason) };
    this.#reasons.set(malformed.reason, { ...first, count: before + 1 });
  }

  /**
   * What a person should know of the training: that it changed nothing, or taught nothing, and which of the reasons
   * that can be seen is it; and that a judge of it always said the same. Nothing where all is well.
   */
  text({ jobKey, init, checkpoint, lines, hyper }: Course): string[] {
    const judges = this.#alike(jobKey);
    const unchanged = init === checkpoint;
    const flat = lines.length > 0 && lines.every(({ flatGroupShare }) => flatGroupShare === 1);
    if (!unchanged && !flat) return judges;
    const what = [
      ...(unchanged ? [`changed nothing: its weights are those that it began from (${init.slice(0, 8)})`] : []),
      ...(flat ? [`had no group with spread in all its ${lines.length} steps, and equal rewards teach nothing`] : []),
    ];
    const why = flat
      ? this.#whyFlat(lines, hyper, judges.length > 0)
      : `What helps: a higher learningRate than ${hyper.learningRate}, or more steps`;
    return [`${jobKey} ${what.join('; it ')}. ${why}`, ...judges];
  }

  /** Format and judges are told apart, each with what helps. */
  #whyFlat(lines: Course['lines'], { maxCompletionTokens }: Course['hyper'], judgesAlike: boolean): string {
    const malformed = this.#malformed;
    const wellFormed = sum(this.#rewards);
    const cut = meanOf(lines.flatMap(({ truncatedShare }) => truncatedShare ?? [])) ?? 0;
    const reasons = [...this.#reasons.values()].sort((a, b) => b.count - a.count);
    const onlyCut = reasons.length > 0 && reasons.every(({ reason }) => reason === CUT_OFF);
    const listed = reasons.map((each) => `${each.count} ${each.reason}`).join(', ');
    const said = [
      malformed > 0 &&
        `Format reward 0 in ${malformed} of ${malformed + wellFormed} answers${listed && ` (${listed})`}`,
      cut > 0 && `${Math.round(100 * cut)} % were cut off at maxCompletionTokens ${maxCompletionTokens}`,
      wellFormed > 0 && `Rewards of those in format: ${valuesOf(this.#rewards)}`,
      reasons[0] && `One of them: ${quoted(reasons[0].begins)}`,
    ].filter(Boolean);
    const helps = [
      (cut >= MANY_CUT || onlyCut) && 'longer answers (maxCompletionTokens of the stage)',
      malformed > wellFormed &&
        !onlyCut &&
        'an init that keeps the format (`flywheel base teach-format` makes a base that does)',
      malformed <= wellFormed && judgesAlike && 'a judge that tells answers apart',
      malformed <= wellFormed &&
        !judgesAlike &&
        'larger groups (groupSize), a higher temperature, or rows that are neither too hard nor too easy for it',
    ].filter(Boolean);
    return `${said.join('. ')}. What helps: ${helps.join('; ')}`;
  }

  #alike(jobKey: string): string[] {
    return (['proof', 'meta'] as const).flatMap((need) => {
      const verdicts = sum(this.#said[need]);
      const [first, ...others] = this.#said[need].keys();
      if (verdicts < ENOUGH || others.length > 0) return [];
      return (
        `The ${JUDGES[need]} that rewards ${jobKey} said ${first} in all its ${verdicts} verdicts: it tells nothing ` +
        `apart. What helps: a longer training of it, on scores of every kind; \`flywheel ledger show ${jobKey}\` ` +
        'shows what it said'
      );
    });
  }
}

function count(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((all, each) => all + each, 0);

/** `0.5 in all 4`, `0 in 3, 1 in 1`, or, of many values, from the least to the most. */
function valuesOf(counts: ReadonlyMap<number, number>): string {
  const values = [...counts].sort(([a], [b]) => a - b);
  if (values.length === 1) return `${values[0]?.[0]} in all ${values[0]?.[1]}`;
  if (values.length > 3) return `${values[0]?.[0].toFixed(2)} to ${values.at(-1)?.[0].toFixed(2)}`;
  return values.map(([value, times]) => `${value} in ${times}`).join(', ');
}
