import { agreementOf, type Agreement, type AgreementFigures } from '../statistics/closeness.ts';
import type { Scale } from '../statistics/krippendorff.ts';
import type { QuestionKind, ReviewEntry } from '../review/reviews.ts';

/** How far people agree, of whole proofs and of analyses apart: these are two rubrics. */
export interface ExpertAgreement {
  readonly proofs: AgreementFigures;
  readonly analyses: AgreementFigures;
}

/** What was said to one question: the entries that count. */
export interface Answered {
  readonly kind: QuestionKind;
  readonly entries: readonly ReviewEntry[];
}

/**
 * Of first scores alone, which each gave by themselves: neither those with analyses in view, which are not independent
 * of these, nor a lead's, who has seen the others'. A program's are none of people's.
 */
export function expertAgreementOf(questions: readonly Answered[]): ExpertAgreement {
  const of = (isWanted: (kind: QuestionKind) => boolean): AgreementFigures =>
    agreementOf(
      questions.filter(({ kind }) => isWanted(kind)).map(({ entries }) => firstScoresOf(entries).map(scoreOf)),
    );
  return { proofs: of((kind) => kind !== 'scoreAnalysis'), analyses: of((kind) => kind === 'scoreAnalysis') };
}

const scoreOf = ({ score }: { readonly score: number }): number => score;

/** The score that each person gave by themselves. */
export function firstScoresOf(
  entries: readonly ReviewEntry[],
): readonly { readonly annotator: string; readonly score: number }[] {
  const by = new Map<string, { readonly annotator: string; readonly score: number }>();
  for (const entry of entries)
    if (entry.kind === 'verdict' && entry.verdict.source === 'expert' && !by.has(entry.verdict.annotator))
      by.set(entry.verdict.annotator, entry.verdict);
  return [...by.values()];
}

/** What each figure of agreement is called. */
export const AGREEMENT_NAMES: Readonly<Record<Scale | 'closeness' | 'same', string>> = {
  same: 'gave the same score',
  closeness: 'mean 1 − |difference|',
  ordinal: "Krippendorff's α, ordinal",
  nominal: "Krippendorff's α, nominal",
  interval: "Krippendorff's α, interval",
};

/** All figures, those that are read first before the others. */
export function agreementRows({
  alpha,
  same,
  closeness,
}: AgreementFigures): { readonly name: string; readonly figure: Agreement }[] {
  const figures = { same, closeness, ordinal: alpha.ordinal, nominal: alpha.nominal, interval: alpha.interval };
  return (Object.keys(figures) as (keyof typeof figures)[]).map((name) => ({
    name: AGREEMENT_NAMES[name],
    figure: figures[name],
  }));
}
