import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseAnswer } from '../../../shared/answers.ts';
import type { Problem, Task } from '../../../shared/records.ts';
import type { ProofScore } from '../../../shared/scores.ts';
import { rehearsalChecker } from '../checker.ts';
import { loadPromptTexts } from './makeBase.ts';
import { rehearsalProblems } from '../problems.ts';
import { runScript } from './runScript.ts';

/**
 * Measures what a checkpoint does in each of the six tasks, by the checker, on problems of all lengths at T = 1. Usage:
 * node --import tsx domains/rehearsal/base/inspectBase.ts <checkpoint folder> [problems per length, 40] [seed, 7]
 * [python] [temperature, 1]
 */

interface Item {
  readonly problem: Problem;
  readonly proof?: string;
  readonly analysis?: string;
}

interface Answered extends Item {
  readonly task: Task;
  readonly text: string;
  readonly wellFormed: boolean;
  readonly written?: string;
  readonly selfAnalysis?: string;
  readonly score?: ProofScore;
}

export interface InspectInput {
  readonly checkpoint: string;
  readonly problemsPerLength: number;
  readonly seed: number;
  readonly python: string;
  readonly temperature: number;
}

/** By group of figures, by name. Shares and means are rounded to three places. */
export type Figures = Readonly<Record<string, Readonly<Record<string, number>>>>;

export async function inspectBase({
  checkpoint,
  problemsPerLength,
  seed,
  python,
  temperature,
}: InspectInput): Promise<Figures> {
  const prompts = await loadPromptTexts();
  const ask = async (task: Task, items: readonly Item[], maxNewTokens: number): Promise<Answered[]> => {
    const folder = await mkdtemp(path.join(tmpdir(), 'rehearsal-inspect-'));
    const lines = items.map(({ problem, ...texts }, id) =>
      JSON.stringify({ id, prompt: render(prompts[task], { problem: problem.statement, ...texts }) }),
    );
    await writeFile(path.join(folder, 'prompts.jsonl'), lines.join('\n'));
    const files = [path.join(folder, 'prompts.jsonl'), path.join(folder, 'answers.jsonl')] as const;
    await promisify(execFile)(python, [
      path.join(import.meta.dirname, 'sample.py'),
      checkpoint,
      ...files,
      String(temperature),
      String(maxNewTokens),
      String(seed),
    ]);
    const answers = (await readFile(files[1], 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string; truncated: boolean });
    await rm(folder, { recursive: true });
    return items.map((item, index) => {
      const { text, truncated } = answers[index] as { text: string; truncated: boolean };
      const parsed = parseAnswer(task, text);
      if (parsed.kind === 'malformed' || truncated) return { ...item, task, text, wellFormed: false };
      const { proof, selfAnalysis, score } = parsed;
      return {
        ...item,
        task,
        text,
        wellFormed: true,
        ...(proof && { written: proof }),
        ...(selfAnalysis && { selfAnalysis }),
        ...(score !== undefined && { score }),
      };
    });
  };
  const problems = rehearsalProblems({ seed, count: 7 * problemsPerLength, difficulty: [2, 8] });
  const proved = await ask(
    'prove',
    problems.map((problem) => ({ problem })),
    100,
  );
  const proofs = proved
    .filter(({ wellFormed }) => wellFormed)
    .map(({ problem, written }) => ({ problem, proof: written ?? '' }));
  const verified = await ask('verify', balanced(proofs), 170);
  const analyses = verified
    .filter(({ wellFormed }) => wellFormed)
    .map(({ problem, proof, text }) => ({ problem, proof: proof ?? '', analysis: text }));
  const metaVerified = await ask('metaVerify', analyses, 170);
  const refined = await ask('refine', analyses, 100);
  const selfVerified = await ask(
    'selfVerify',
    problems.map((problem) => ({ problem })),
    270,
  );
  const trajectories = await ask(
    'selfRefine',
    problems.map((problem) => ({ problem })),
    760,
  );
  return {
    wellFormed: Object.fromEntries(
      [proved, verified, metaVerified, refined, selfVerified, trajectories].map((set) => [
        set[0]?.task ?? 'none',
        share(set, ({ wellFormed }) => wellFormed),
      ]),
    ),
    'proof score': byLength(proved),
    'refined proof score': byLength(refined),
    'selfVerify proof score': byLength(selfVerified),
    'selfRefine last proof score': byLength(trajectories),
    verify: verifierFigures(verified),
    metaVerify: metaFigures(metaVerified),
    selfVerify: selfFigures(selfVerified),
    selfRefine: selfFigures(trajectories),
  };
}

function render(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
}

/** As many of each score as of the rarest, in the order given. */
function balanced(items: readonly { problem: Problem; proof: string }[]): Item[] {
  const byScore = ([0, 0.5, 1] as const).map((score) =>
    items.filter(({ problem, proof }) => rehearsalChecker.proofScore(problem, proof) === score),
  );
  const least = Math.min(...byScore.map(({ length }) => length));
  return byScore.flatMap((group) =>
    Array.from({ length: least }, (_, index) => group[Math.floor((index * group.length) / least)] as Item),
  );
}

const proofScore = ({ problem, written }: Answered): number =>
  written === undefined ? 0 : rehearsalChecker.proofScore(problem, written);

function byLength(answers: readonly Answered[]): Record<string, number> {
  const groups = { all: [1, 8], '2-3': [2, 3], '4-5': [4, 5], '6-8': [6, 8] } as const;
  return Object.fromEntries(
    Object.entries(groups).map(([name, [least, greatest]]) => [
      name,
      mean(
        answers
          .filter(({ problem: { difficulty = 0 } }) => difficulty >= least && difficulty <= greatest)
          .map(proofScore),
      ),
    ]),
  );
}

function verifierFigures(answers: readonly Answered[]): Record<string, number> {
  const judged = answers.map((answer) => ({
    ...answer,
    truth: rehearsalChecker.proofScore(answer.problem, answer.proof ?? ''),
    ...rehearsalChecker.analysis(answer.problem, answer.proof ?? '', answer.text),
  }));
  const claiming = judged.filter(({ claimedIssues }) => claimedIssues > 0);
  return {
    proofs: judged.length,
    accuracy: share(judged, ({ score, truth }) => score === truth),
    accuracyOf0: share(
      judged.filter(({ truth }) => truth === 0),
      ({ score }) => score === 0,
    ),
    accuracyOfHalf: share(
      judged.filter(({ truth }) => truth === 0.5),
      ({ score }) => score === 0.5,
    ),
    accuracyOf1: share(
      judged.filter(({ truth }) => truth === 1),
      ({ score }) => score === 1,
    ),
    scoreReward: mean(judged.map(({ score, truth }) => (score === undefined ? 0 : 1 - Math.abs(score - truth)))),
    quality: mean(judged.map(({ quality }) => quality)),
    qualityWhereIssuesClaimed: mean(claiming.map(({ quality }) => quality)),
    claiming: share(judged, ({ claimedIssues }) => claimedIssues > 0),
    recallOfFlaws: ratio(
      judged.map(({ flawsReported }) => flawsReported),
      judged.map(({ flaws }) => flaws),
    ),
    unrealClaims: ratio(
      judged.map(({ claimedIssues, realClaimedIssues }) => claimedIssues - realClaimedIssues),
      judged.map(({ claimedIssues }) => claimedIssues),
    ),
    recallOfRemarks: ratio(
      judged.map(({ remarksReported }) => remarksReported),
      judged.map(({ remarks }) => remarks),
    ),
    analysesWithFalseRemarks: share(judged, ({ falseRemarks }) => falseRemarks > 0),
    falseRemarksWhereScore1: share(
      judged.filter(({ score }) => score === 1),
      ({ falseRemarks }) => falseRemarks > 0,
    ),
    falseRemarksWhereScore0: share(
      judged.filter(({ score }) => score === 0),
      ({ falseRemarks }) => falseRemarks > 0,
    ),
  };
}

function metaFigures(answers: readonly Answered[]): Record<string, number> {
  const judged = answers.map((answer) => ({
    score: answer.score,
    quality: rehearsalChecker.analysis(answer.problem, answer.proof ?? '', answer.analysis ?? '').quality,
  }));
  const of = (quality: number) => judged.filter((one) => one.quality === quality);
  return {
    analyses: judged.length,
    accuracy: share(judged, ({ score, quality }) => score === quality),
    ...Object.fromEntries(
      [0, 0.5, 1].map((quality) => [`accuracyOf${quality}`, share(of(quality), ({ score }) => score === quality)]),
    ),
    ...Object.fromEntries(
      [0, 0.5, 1].map((quality) => [`shareOf${quality}`, share(judged, (one) => one.quality === quality)]),
    ),
  };
}

function selfFigures(answers: readonly Answered[]): Record<string, number> {
  const judged = answers
    .filter(({ wellFormed }) => wellFormed)
    .map((answer) => ({ truth: proofScore(answer), score: answer.score }));
  return {
    accuracy: share(judged, ({ score, truth }) => score === truth),
    claimsOf1: share(judged, ({ score }) => score === 1),
    falseClaimsOf1: share(judged, ({ score, truth }) => score === 1 && truth < 1),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return Math.round((1000 * sum(values)) / values.length) / 1000;
}

function ratio(parts: readonly number[], wholes: readonly number[]): number {
  return Math.round((1000 * sum(parts)) / sum(wholes)) / 1000;
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return mean(items.map((item) => (holds(item) ? 1 : 0)));
}

async function main(
  checkpoint?: string,
  problemsPerLength = '40',
  seed = '7',
  python = '.flywheel/python/bin/python',
  temperature = '1',
): Promise<void> {
  if (checkpoint === undefined)
    throw new Error(
      'Usage: node --import tsx domains/rehearsal/base/inspectBase.ts <checkpoint folder> [problems per length] [seed] ' +
        '[python] [temperature]',
    );
  const figures = await inspectBase({
    checkpoint,
    problemsPerLength: Number(problemsPerLength),
    seed: Number(seed),
    python,
    temperature: Number(temperature),
  });
  process.stdout.write(`${JSON.stringify(figures, null, 1)}\n`);
}

if (process.argv[1] === import.meta.filename) runScript(main);
