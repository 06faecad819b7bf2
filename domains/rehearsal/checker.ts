import type { AnalysisTruth, Checker } from '../../shared/domain.ts';
import type { Problem } from '../../shared/records.ts';
import type { ProofScore, QualityScore } from '../../shared/scores.ts';
import {
  briefText,
  expectedText,
  EXTRA,
  quotationOf,
  readAnalysis,
  scoreOfVerdicts,
  type AnalysisLine,
  type AnalysisReading,
  type Verdict,
} from './analyses.ts';
import { chainOf } from './chain.ts';
import { readProof, type LineTruth, type ProofReading } from './proofs.ts';

/**
 * The rehearsal's ground truth. Total over any proof and analysis, and linear in their length.
 *
 * What counts as an issue: every `wrong`, `skips` and `?` that an analysis writes is a claimed issue, so that an
 * invented remark costs quality as an invented flaw does. Flaws are `wrong` and `skips` alone: a `?` never touches the
 * score.
 */
export const rehearsalChecker: Checker = {
  name: 'rehearsal checker',
  proofScore: (problem, proof) => scoreOfReading(readProof(chainOf(problem.statement), proof)),
  analysis: analysisTruth,
};

/** Any wrong, missing or foreign line: 0. Else any merged line: 0.5. Else 1. */
function scoreOfReading({ steps, foreign }: ProofReading): ProofScore {
  return scoreOfVerdicts(foreign.length > 0 ? ['wrong'] : steps.map(({ truth }) => VERDICT_OF[truth]));
}

/** The verdict that a faultless analysis gives a line. */
export const VERDICT_OF: Readonly<Record<LineTruth, Verdict>> = {
  wrong: 'wrong',
  skips: 'skips',
  trivial: '?',
  ok: 'ok',
};

function analysisTruth(problem: Problem, proof: string, analysis: string): AnalysisTruth {
  const proofReading = readProof(chainOf(problem.statement), proof);
  const reading = readAnalysis(analysis);
  return { quality: qualityOf(proofReading, reading), ...countsOf(proofReading, reading) };
}

/**
 * Whether a line's claim is real: the line it quotes is the proof's, and the checker gives that line the same verdict.
 */
export function isReal(reading: ProofReading, line: AnalysisLine): boolean {
  if (line.label === EXTRA) return line.verdict === 'wrong' && reading.foreign.includes(line.quoted);
  const step = reading.steps.find(({ label }) => label === line.label);
  return step !== undefined && VERDICT_OF[step.truth] === line.verdict && quotationOf(step.line) === line.quoted;
}

/**
 * The meta rubric (paper A.3): all claimed issues unreal 0, some real and some not 0.5; otherwise 0.5 where there is an
 * error of expression or the score does not follow from the analysis's own verdicts, else 1. What it praises is out of
 * scope.
 */
export function qualityOf(proof: ProofReading, analysis: AnalysisReading): QualityScore {
  const claims = analysis.lines.filter(({ verdict }) => verdict !== 'ok');
  const real = claims.filter((claim) => isReal(proof, claim)).length;
  if (claims.length > 0 && real === 0) return 0;
  if (real < claims.length) return 0.5;
  return hasExpressionError(proof, analysis) || !scoreFollows(analysis) ? 0.5 : 1;
}

export function scoreFollows({ lines, score }: AnalysisReading): boolean {
  return score !== undefined && score === scoreOfVerdicts(lines.map(({ verdict }) => verdict));
}

/**
 * A malformed line, an operation left out or treated twice, a quotation that is not the proof's, or an issue with a
 * wrong recomputation.
 */
function hasExpressionError(proof: ProofReading, { lines, malformedLines }: AnalysisReading): boolean {
  const own = lines.filter(({ label }) => label !== EXTRA);
  return (
    malformedLines > 0 ||
    own.length !== proof.steps.length ||
    proof.steps.some(({ label, line, expected }, index) => {
      const said = own[index];
      return (
        said?.label !== label ||
        said.quoted !== quotationOf(line) ||
        (said.verdict !== 'ok' && ![expectedText(expected), briefText(expected)].includes(said.expected))
      );
    })
  );
}

function countsOf(proof: ProofReading, { lines }: AnalysisReading): Omit<AnalysisTruth, 'quality'> {
  const claims = firstPerLabel(lines).filter(({ verdict }) => verdict !== 'ok');
  const real = claims.filter((claim) => isReal(proof, claim));
  const remarks = claims.filter(({ verdict }) => verdict === '?');
  const realRemarks = real.filter(({ verdict }) => verdict === '?').length;
  return {
    claimedIssues: claims.length,
    realClaimedIssues: real.length,
    flaws:
      proof.steps.filter(({ truth }) => truth === 'wrong' || truth === 'skips').length +
      Math.min(1, proof.foreign.length),
    flawsReported: real.length - realRemarks,
    remarks: proof.steps.filter(({ truth }) => truth === 'trivial').length,
    remarksReported: realRemarks,
    falseRemarks: remarks.length - realRemarks,
  };
}

/** Saying a thing twice is an error of expression, not a second issue. */
function firstPerLabel(lines: readonly AnalysisLine[]): AnalysisLine[] {
  const seen = new Set<string>();
  return lines.filter(({ label }) => !seen.has(label) && seen.add(label));
}
