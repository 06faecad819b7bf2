/** How far people agree who judged the same questions, with 95 % intervals by a bootstrap over questions. */
import { randomFrom, seedOf } from '../seeds.ts';
import type { Measured } from './figure.ts';
import { alphaOf, disagreements, SCALES, weighedCoincidences, type Scale } from './krippendorff.ts';
import { wilsonAt } from './wilson.ts';

/** A figure, or why there is none: all verdicts are equal; no question has two. `n` counts questions with two. */
export type Agreement =
  | ({ readonly kind: 'measured' } & Measured)
  | { readonly kind: 'noVariation' }
  | { readonly kind: 'noPairs' };

export interface AgreementFigures {
  /** Questions that two or more have judged, and pairs of verdicts on one question. */
  readonly questions: number;
  readonly pairs: number;
  /** Krippendorff's α on each scale. */
  readonly alpha: Readonly<Record<Scale, Agreement>>;
  /** Mean 1 − |a − b| over these pairs. */
  readonly closeness: Agreement;
  /** Share of these pairs that are equal. */
  readonly same: Agreement;
}

/** Ours: enough for two digits of an interval's ends, and a moment's work. */
const RESAMPLES = 1000;

/** Questions that were judged alike, whoever judged which way. */
interface Pattern {
  readonly votes: readonly number[];
  readonly times: number;
}

/**
 * The order of questions, and of votes on one, changes nothing. An interval is that of the middle 95 % of resamples, of
 * those that have variation. Where all questions were judged alike, or nobody differs, resamples show no doubt: then the
 * interval is as wide as if as many questions differed by as much as can be as Wilson's interval allows (ours).
 * @param questions votes of different people on each, from 0 to 1.
 */
export function agreementOf(questions: readonly (readonly number[])[]): AgreementFigures {
  const patterns = patternsOf(questions);
  const judged = patterns.reduce((sum, { times }) => sum + times, 0);
  const figures = statisticsOf(patterns);
  const resampled = resamples(patterns, judged).map(statisticsOf);
  const variation = alphaSpreads(patterns);
  const figureOf = (name: keyof typeof figures, doubt: number): Agreement => {
    const value = figures[name];
    if (judged === 0) return { kind: 'noPairs' };
    if (value === undefined) return { kind: 'noVariation' };
    const values = resampled.flatMap((each) => each[name] ?? []).sort((a, b) => a - b);
    const isSilent = value === 1 || values.length === 0;
    const margin = isSilent ? doubt * (1 - wilsonAt(1, judged).low) : 0;
    const low = Math.max(name in variation ? -1 : 0, Math.min(value, at(values, 0.025) ?? value) - margin);
    const high = Math.min(1, Math.max(value, at(values, 0.975) ?? value) + margin);
    return { kind: 'measured', value, low: Math.min(value, low), high, n: judged };
  };
  const alpha = (scale: Scale) => [scale, figureOf(scale, variation[scale])] as const;
  return {
    questions: judged,
    pairs: patterns.reduce((sum, { votes, times }) => sum + times * pairsIn(votes.length), 0),
    alpha: Object.fromEntries(SCALES.map(alpha)) as Record<Scale, Agreement>,
    closeness: figureOf('closeness', 1),
    same: figureOf('same', 1),
  };
}

const pairsIn = (votes: number): number => (votes * (votes - 1)) / 2;

function patternsOf(questions: readonly (readonly number[])[]): Pattern[] {
  const patterns = new Map<string, { votes: readonly number[]; times: number }>();
  for (const each of questions) {
    if (each.length < 2) continue;
    const votes = [...each].sort((a, b) => a - b);
    const known = patterns.get(votes.join(' '));
    if (known) known.times += 1;
    else patterns.set(votes.join(' '), { votes, times: 1 });
  }
  return [...patterns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pattern]) => pattern);
}

/** As many questions, each drawn from all of them, in each. */
function resamples(patterns: readonly Pattern[], questions: number): Pattern[][] {
  if (patterns.length < 2) return [];
  const random = randomFrom(seedOf('agreement', questions));
  const patternOf = patterns.flatMap(({ times }, index) => Array.from({ length: times }, () => index));
  return Array.from({ length: RESAMPLES }, () => {
    const times = patterns.map(() => 0);
    for (let draw = 0; draw < questions; draw += 1) {
      const pattern = patternOf[Math.floor(random() * questions)] as number;
      times[pattern] = (times[pattern] as number) + 1;
    }
    return patterns.map(({ votes }, index) => ({ votes, times: times[index] as number }));
  });
}

function statisticsOf(patterns: readonly Pattern[]): Record<Scale | 'closeness' | 'same', number | undefined> {
  const coincidences = weighedCoincidences(patterns);
  let [pairs, apart, equal] = [0, 0, 0];
  for (const { votes, times } of patterns)
    for (const [index, one] of votes.entries())
      for (const other of votes.slice(index + 1)) {
        pairs += times;
        apart += times * Math.abs(one - other);
        if (one === other) equal += times;
      }
  return {
    nominal: alphaOf(coincidences, 'nominal'),
    ordinal: alphaOf(coincidences, 'ordinal'),
    interval: alphaOf(coincidences, 'interval'),
    closeness: pairs === 0 ? undefined : 1 - apart / pairs,
    same: pairs === 0 ? undefined : equal / pairs,
  };
}

/** By how much α falls if all differ by as much as can be. */
function alphaSpreads(patterns: readonly Pattern[]): Record<Scale, number> {
  const coincidences = weighedCoincidences(patterns);
  const spread = (scale: Scale) => {
    const { expected, most } = disagreements(coincidences, scale);
    return [scale, expected === 0 ? 0 : most / expected] as const;
  };
  return Object.fromEntries(SCALES.map(spread)) as Record<Scale, number>;
}

/** The value below which such a share of them lies. */
function at(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.round(share * (sorted.length - 1))];
}
