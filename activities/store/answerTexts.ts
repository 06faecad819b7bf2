import { FORMATS } from '../../shared/answers.ts';
import type { Task } from '../../shared/records.ts';
import type { Score } from '../../shared/scores.ts';

/** An assessment without what stands around it: what was found, and the score that follows. */
export interface Findings {
  readonly findings: string;
  readonly score: Score;
}

/** Answers in the formats that they are read by, from what is said in them. */
export const answerText = {
  proof: (proof: string): string => `${opening('prove')}${proof}`,
  selfVerified: (proof: string, found: Findings): string =>
    `${answerText.proof(proof)}\n\n${FORMATS.selfVerify[1]}\n\n${answerText.analysis(found)}`,
  analysis: (found: Findings): string => assessment('verify', found),
  metaAnalysis: (found: Findings): string => assessment('metaVerify', found),
};

/** What an answer of a task begins with, up to the first word that is its writer's. */
export function opening(task: Task): string {
  const [first] = FORMATS[task];
  return task === 'verify' || task === 'metaVerify' ? `${first}\n` : `${first}\n\n`;
}

function assessment(task: 'verify' | 'metaVerify', { findings, score }: Findings): string {
  const [, closing, box] = FORMATS[task];
  return `${opening(task)}${findings}\n\n${closing}\n${box}${score}}`;
}
