import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Problem, Task } from '../../shared/records.ts';
import type { Score } from '../../shared/scores.ts';
import { answerText, type Findings } from './answerTexts.ts';
import type { PromptValues } from './promptSet.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../prompts/examples.jsonl');

/** A question of a task, and a right answer to it in the format that the task is read by. */
export interface WorkedExample {
  readonly problem: Problem;
  /** What the question shows. */
  readonly values: PromptValues;
  readonly answer: string;
  /** What the answer's box holds, for tasks that give a score. */
  readonly score?: Score;
}

/** A line of prompts/examples.jsonl. */
interface Line extends Findings, Omit<Problem, 'statement' | 'source'> {
  readonly problem: string;
  readonly proof: string;
  /** A proof that deserves 1, and what there is to find in it, where this one does not. */
  readonly better?: { readonly proof: string; readonly findings: string };
  /** The analysis that is rated, where it is not the right one. */
  readonly judged?: Findings;
  /** The findings of the meta-analysis, and its score. */
  readonly meta: string;
  readonly quality: Score;
}

/**
 * The examples that come with the prompts, by task: short, easy, and with as many of each score as of the others. They
 * are no part of a prompt set, whose digest they leave as it is.
 */
export async function workedExamples(): Promise<Readonly<Record<Task, readonly WorkedExample[]>>> {
  const lines = (await readFile(EXAMPLES, 'utf8')).trim().split('\n');
  const examples = lines.map((line) => examplesOf(JSON.parse(line) as Line));
  const of = (task: Task) => examples.map((each) => each[task]);
  return {
    prove: of('prove'),
    refine: of('refine'),
    selfVerify: of('selfVerify'),
    selfRefine: of('selfRefine'),
    verify: of('verify'),
    metaVerify: of('metaVerify'),
  };
}

function examplesOf(line: Line): Record<Task, WorkedExample> {
  const { id, topic, problem: statement, proof, score, findings, better, judged, meta, quality } = line;
  const problem = { id, statement, topic, source: 'examples' };
  const analysis = answerText.analysis({ findings, score });
  const rated = judged ? answerText.analysis(judged) : analysis;
  const last = better === undefined ? [] : [answerText.selfVerified(better.proof, { ...better, score: 1 })];
  const example = (shown: Omit<PromptValues, 'problem'>, answer: string, given?: Score): WorkedExample => ({
    problem,
    values: { problem: statement, ...shown },
    answer,
    ...(given !== undefined && { score: given }),
  });
  return {
    prove: example({}, answerText.proof(better?.proof ?? proof)),
    refine: example({ proof, analysis }, answerText.proof(better?.proof ?? proof)),
    selfVerify: example({}, answerText.selfVerified(proof, { findings, score }), score),
    selfRefine: example(
      {},
      [answerText.selfVerified(proof, { findings, score }), ...last].join('\n\n'),
      better ? 1 : score,
    ),
    verify: example({ proof }, analysis, score),
    metaVerify: example(
      { proof, analysis: rated },
      answerText.metaAnalysis({ findings: meta, score: quality }),
      quality,
    ),
  };
}
