import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseAnswer } from '../../../shared/answers.ts';
import { byRubric, type AnalysisTruth, type Checker } from '../../../shared/domain.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { Problem, Task } from '../../../shared/records.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';
import { rehearsalChecker } from '../checker.ts';
import { loadPromptTexts } from './makeBase.ts';
import { rehearsalProblems } from '../problems.ts';
import { runScript } from './runScript.ts';

/**
 * Measures what a checkpoint does in each of the six tasks, by the checker, on problems of all lengths at T = 1. Usage:
 * node --import tsx domains/rehearsal/base/inspectBase.ts <checkpoint folder> [python] [claims | claimsAndMisses]
 */

interface Item {
  readonly problem: Problem;
  readonly proof?: string;
  readonly analysis?: string;
}

/** `own` is what the answer says itself: the proof that it writes, and the score that it gives. */
type Answered = Item & { readonly task: Task; readonly text: string; readonly own?: { proof?: string; score?: Score } };

interface InspectInput {
  readonly checkpoint: string;
  readonly problemsPerLength: number;
  readonly seed: number;
  readonly python: string;
  /** Of qualities. @default claims */
  readonly rubric?: Recipe['metaRubric'];
}

/** By group of figures, by name. Shares and means are rounded to three places. */
export type Figures = Readonly<Record<string, Readonly<Record<string, number>>>>;

export async function inspectBase(input: InspectInput): Promise<Figures> {
  const { seed, problemsPerLength } = input;
  const checker = byRubric(rehearsalChecker, input.rubric);
  const asked = rehearsalProblems({ seed, count: 7 * problemsPerLength, difficulty: [2, 8] }).map((problem) => ({
    problem,
  }));
  const proved = await ask(input, 'prove', asked, 100);
  const proofs = proved.flatMap(({ problem, own }): Item[] =>
    own === undefined ? [] : [{ problem, proof: own.proof ?? '' }],
  );
  const verified = await ask(input, 'verify', balanced(proofs), 170);
  const analyses = verified
    .filter(({ own }) => own !== undefined)
    .map(({ problem, proof = '', text }) => ({ problem, proof, analysis: text }));
  const judged = await ask(input, 'metaVerify', analyses, 170);
  const refined = await ask(input, 'refine', analyses, 100);
  const selfVerified = await ask(input, 'selfVerify', asked, 270);
  const trajectories = await ask(input, 'selfRefine', asked, 760);
  return {
    wellFormed: Object.fromEntries(
      [proved, verified, judged, refined, selfVerified, trajectories].map((set) => [
        set[0]?.task ?? 'none',
        share(set, ({ own }) => own !== undefined),
      ]),
    ),
    'proof score': byLength(proved),
    'refined proof score': byLength(refined),
    'selfVerify proof score': byLength(selfVerified),
    'selfRefine last proof score': byLength(trajectories),
    verify: verifierFigures(verified, checker),
    metaVerify: accuracies(
      judged.map(({ own, problem, proof = '', analysis = '' }) => ({
        score: own?.score,
        truth: checker.analysis(problem, proof, analysis).quality,
      })),
    ),
    selfVerify: selfFigures(selfVerified),
    selfRefine: selfFigures(trajectories),
  };
}

async function ask(
  { checkpoint, python, seed }: InspectInput,
  task: Task,
  items: readonly Item[],
  maxNewTokens: number,
): Promise<Answered[]> {
  const prompt = (await loadPromptTexts())[task];
  const folder = await mkdtemp(path.join(tmpdir(), 'rehearsal-inspect-'));
  const [from, to] = [path.join(folder, 'prompts.jsonl'), path.join(folder, 'answers.jsonl')];
  const lines = items.map(({ problem, ...texts }) =>
    JSON.stringify({ prompt: render(prompt, { problem: problem.statement, ...texts }) }),
  );
  await writeFile(from, lines.join('\n'));
  const script = path.join(import.meta.dirname, 'sample.py');
  await promisify(execFile)(python, [script, checkpoint, from, to, ...[maxNewTokens, seed].map(String)]);
  const answers = (await readFile(to, 'utf8')).trim().split('\n');
  await rm(folder, { recursive: true });
  return items.map((item, index) => {
    const { text, truncated } = JSON.parse(answers[index] ?? '{}') as { text: string; truncated: boolean };
    const own = parseAnswer(task, text);
    return { ...item, task, text, ...(own.kind === 'wellFormed' && !truncated && { own }) };
  });
}

function render(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
}

const truthOf = (problem: Problem, proof?: string): Score =>
  proof === undefined ? 0 : rehearsalChecker.proofScore(problem, proof);

/** As many of each score as of the rarest, in the order given. */
function balanced(items: readonly Item[]): Item[] {
  const byScore = SCORES.map((score) => items.filter(({ problem, proof }) => truthOf(problem, proof) === score));
  const least = Math.min(...byScore.map(({ length }) => length));
  return byScore.flatMap((group) =>
    Array.from({ length: least }, (_, index) => group[Math.floor((index * group.length) / least)] as Item),
  );
}

function byLength(answers: readonly Answered[]): Record<string, number> {
  const groups = { all: [1, 8], '2-3': [2, 3], '4-5': [4, 5], '6-8': [6, 8] } as const;
  const within = ([least, greatest]: readonly [number, number]) =>
    answers.filter(({ problem: { difficulty = 0 } }) => difficulty >= least && difficulty <= greatest);
  return Object.fromEntries(
    Object.entries(groups).map(([name, group]) => [
      name,
      mean(within(group).map(({ problem, own }) => truthOf(problem, own?.proof))),
    ]),
  );
}

function verifierFigures(answers: readonly Answered[], checker: Checker): Record<string, number> {
  const judged = answers.map(({ problem, proof = '', text, own }) => ({
    score: own?.score,
    truth: truthOf(problem, proof),
    ...checker.analysis(problem, proof, text),
  }));
  const total = (of: (one: AnalysisTruth) => number): number => sum(judged.map(of));
  return {
    ...accuracies(judged),
    quality: mean(judged.map(({ quality }) => quality)),
    claiming: share(judged, ({ claimedIssues }) => claimedIssues > 0),
    recallOfFlaws: rounded(total((one) => one.flawsReported) / total((one) => one.flaws)),
    unrealClaims: rounded(1 - total((one) => one.realClaimedIssues) / total((one) => one.claimedIssues)),
    recallOfRemarks: rounded(total((one) => one.remarksReported) / total((one) => one.remarks)),
    analysesWithFalseRemarks: share(judged, ({ falseRemarks }) => falseRemarks > 0),
  };
}

interface Given {
  readonly score: Score | undefined;
  readonly truth: Score;
}

/** How many there are, and how often the score that was given is the true one: of all, and of each true score. */
function accuracies(given: readonly Given[]): Record<string, number> {
  const accuracy = (of: readonly Given[]): number => share(of, ({ score, truth }) => score === truth);
  const ofScores = SCORES.map((score) => [
    `accuracyOf${score}`,
    accuracy(given.filter(({ truth }) => truth === score)),
  ]);
  return { of: given.length, accuracy: accuracy(given), ...(Object.fromEntries(ofScores) as object) };
}

function selfFigures(answers: readonly Answered[]): Record<string, number> {
  const given = answers.flatMap(({ problem, own }) =>
    own === undefined ? [] : { score: own.score, truth: truthOf(problem, own.proof) },
  );
  return {
    accuracy: share(given, ({ score, truth }) => score === truth),
    claimsOf1: share(given, ({ score }) => score === 1),
    falseClaimsOf1: share(given, ({ score, truth }) => score === 1 && truth < 1),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const rounded = (value: number): number => Math.round(1000 * value) / 1000;
const mean = (values: readonly number[]): number => rounded(sum(values) / values.length);
const share = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
  mean(items.map((item) => (holds(item) ? 1 : 0)));

/** What the descriptions tell of. */
export const MEASUREMENT = { problemsPerLength: 25, seed: 7 };

async function main(checkpoint?: string, python = '.flywheel/python/bin/python', rubric = 'claims'): Promise<void> {
  if (checkpoint === undefined || (rubric !== 'claims' && rubric !== 'claimsAndMisses'))
    throw new Error(
      'Usage: node --import tsx domains/rehearsal/base/inspectBase.ts <checkpoint folder> [python] ' +
        '[claims | claimsAndMisses]',
    );
  const figures = await inspectBase({ checkpoint, python, rubric, ...MEASUREMENT });
  process.stdout.write(`${JSON.stringify(figures, null, 1)}\n`);
}

if (process.argv[1] === import.meta.filename) runScript(main);
