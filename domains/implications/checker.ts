import { parseAnswer } from '../../shared/answers.ts';
import type { AnalysisTruth, Checker } from '../../shared/domain.ts';
import type { Problem } from '../../shared/records.ts';
import type { ProofScore, QualityScore } from '../../shared/scores.ts';
import { claimOf, stepsTo } from './claims.ts';

export type Verdict = 'ok' | 'wrong' | 'skips' | '?';

/** The end of a proof, where the goal has to be reached. */
const END = 'end';

export const implicationsChecker: Checker = {
  name: 'implications checker',
  proofScore: (problem, proof) => scoreOf(verdictsOn(problem, proof).values()),
  analysis: analysisTruth,
};

/** The verdict on each line, by its number; on the end as well, where the goal is not reached. */
export function verdictsOn({ statement }: Problem, proof: string): ReadonlyMap<string, Verdict> {
  const { given, implications, goal } = claimOf(statement);
  const known = new Set([given]);
  const verdicts = new Map<string, Verdict>();
  for (const line of linesOf(proof)) {
    const steps = stepsTo(line, known, implications);
    verdicts.set(
      String(verdicts.size + 1),
      steps === undefined ? 'wrong' : steps === 0 ? '?' : steps > 1 ? 'skips' : 'ok',
    );
    if (steps !== undefined) known.add(line);
  }
  if (!known.has(goal)) verdicts.set(END, 'wrong');
  return verdicts;
}

function analysisTruth(problem: Problem, proof: string, analysis: string): AnalysisTruth {
  const truth = verdictsOn(problem, proof);
  const said = readAnalysis(analysis);
  const claims = [...said].filter(([, verdict]) => verdict !== 'ok');
  const real = claims.filter(([label, verdict]) => truth.get(label) === verdict);
  const remarks = claims.filter(([, verdict]) => verdict === '?').length;
  const realRemarks = real.filter(([, verdict]) => verdict === '?').length;
  return {
    quality: qualityOf(analysis, truth, said, claims.length, real.length),
    claimedIssues: claims.length,
    realClaimedIssues: real.length,
    flaws: [...truth.values()].filter(isFlaw).length,
    flawsReported: real.length - realRemarks,
    remarks: [...truth.values()].filter((verdict) => verdict === '?').length,
    remarksReported: realRemarks,
    falseRemarks: remarks - realRemarks,
  };
}

/** The meta rubric (paper A.3); to leave a line out, or to say one twice, is an error of expression. */
function qualityOf(
  analysis: string,
  truth: ReadonlyMap<string, Verdict>,
  said: ReadonlyMap<string, Verdict>,
  claims: number,
  real: number,
): QualityScore {
  if (claims > 0 && real === 0) return 0;
  if (real < claims) return 0.5;
  const labels = [...truth.keys()].filter((label) => label !== END);
  const isWhole = labels.every((label) => said.has(label)) && [...said.keys()].every((label) => truth.has(label));
  const answer = parseAnswer('verify', analysis);
  const follows = answer.kind === 'wellFormed' && answer.score === scoreOf(said.values());
  return isWhole && follows ? 1 : 0.5;
}

/** What is said of each line, the first time that it is. */
function readAnalysis(analysis: string): ReadonlyMap<string, Verdict> {
  const said = new Map<string, Verdict>();
  for (const line of linesOf(analysis)) {
    const [, label = '', verdict] = /^([1-9]\d{0,3}|end) (ok|wrong|skips|\?)$/.exec(line) ?? [];
    if (verdict !== undefined && !said.has(label)) said.set(label, verdict as Verdict);
  }
  return said;
}

const isFlaw = (verdict: Verdict): boolean => verdict === 'wrong' || verdict === 'skips';

function scoreOf(verdicts: Iterable<Verdict>): ProofScore {
  const all = new Set(verdicts);
  return all.has('wrong') ? 0 : all.has('skips') ? 0.5 : 1;
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
