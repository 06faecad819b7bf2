import type { Score } from '../scores.ts';
import type { QuestionKind } from './reviews.ts';

/** What each score means (paper 2.1, 2.2), in the words that people are shown. */
export const RUBRIC: Readonly<Record<'proof' | 'analysis', Readonly<Record<Score, string>>>> = {
  proof: { 1: 'complete and rigorous', 0.5: 'sound, with minor errors or gaps', 0: 'fatal errors or severe gaps' },
  analysis: {
    1: 'every defect it claims is real, and its score follows',
    0.5: 'some are real, or it is imprecise',
    0: 'none is real',
  },
};

/** As people write scores. */
export const SCORE_TEXT: Readonly<Record<Score, string>> = { 0: '0', 0.5: '½', 1: '1' };

/** What is scored. */
export const scored = (kind: QuestionKind): keyof typeof RUBRIC => (kind === 'scoreAnalysis' ? 'analysis' : 'proof');

/** What to do, and by which rubric, in a sentence. */
export function rubricText(kind: QuestionKind): string {
  const words = RUBRIC[scored(kind)];
  return `Score the ${scored(kind)}: 1 = ${words[1]}; 0.5 = ${words[0.5]}; 0 = ${words[0]}.`;
}
