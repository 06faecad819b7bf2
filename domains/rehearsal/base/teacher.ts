import { SCORES, type ProofScore, type QualityScore } from '../../../shared/scores.ts';
import type { AnalysisLine, AnalysisReading, Verdict } from '../analyses.ts';
import {
  analysisText,
  briefText,
  expectedText,
  EXTRA,
  MISSING,
  quotationOf,
  readAnalysis,
  scoreOfVerdicts,
} from '../analyses.ts';
import { apply, labelOf, MAX_OPERATIONS, MODULUS, OPERATORS, type Chain, type Operation } from '../chain.ts';
import { isReal, scoreFollows, VERDICT_OF } from '../checker.ts';
import type { Manners } from './manners.ts';
import { BOX_CLOSING, BOX_OPENING, META_CLOSING, META_OPENING } from '../phrases.ts';
import { proofLineText, readProof, type ProofLine, type ProofReading, type Step } from '../proofs.ts';

/** Numbers in [0, 1). */
export type Random = () => number;

/** A proof in the manner given: right, labelled and complete but for the errors that the manner brings in. */
export function writeProof(
  chain: Chain,
  manners: Manners['proof'],
  random: Random,
  mayMerge: (index: number) => boolean = () => true,
): string {
  const count = chain.operations.length;
  const habit = count >= 4 && random() < manners.mergeHabit;
  const lines: string[] = [];
  let value = chain.start;
  for (let index = 0; index < count;) {
    const merges =
      index + 1 < count && random() < (habit && index >= 2 ? manners.mergeByHabit : manners.merge) && mayMerge(index);
    const end = index + (merges ? 2 : 1);
    const line = writeLine(chain, index, end, value, manners, random);
    if (random() < manners.intrude) lines.push(intruder(line, random));
    if (random() >= manners.omit) lines.push(proofLineText(line));
    value = line.result;
    index = end;
  }
  return lines.length === 0 ? `${labelOf(0)} = ${chain.claim}` : lines.join('\n');
}

function writeLine(
  chain: Chain,
  start: number,
  end: number,
  from: number,
  manners: Manners['proof'],
  random: Random,
): ProofLine {
  const operations = chain.operations.slice(start, end);
  const labels = operations.map((_, index) => labelOf(start + index));
  const right = operations.reduce(apply, from);
  if (end === chain.operations.length && right !== chain.claim && random() < manners.forceClaim)
    return { labels, from, operations, result: chain.claim };
  if (random() >= manners.wrong) return { labels, from, operations, result: right };
  if (random() >= MISQUOTED_SHARE) return { labels, from, operations, result: other(MODULUS, right, random) };
  const misquoted = operations.map((operation, index) =>
    index === operations.length - 1 ? misquote(operation, random) : operation,
  );
  return { labels, from, operations: misquoted, result: misquoted.reduce(apply, from) };
}

/**
 * Of the wrong lines, those that compute rightly with an operation that is not the problem's. The hole by which a trial
 * was hacked.
 */
const MISQUOTED_SHARE = 0.2;

function misquote(operation: Operation, random: Random): Operation {
  if (random() < 0.5) return { ...operation, operand: other(MODULUS, operation.operand, random) };
  const index = OPERATORS.indexOf(operation.operator);
  return { ...operation, operator: OPERATORS[other(OPERATORS.length, index, random)] ?? '+' };
}

/** A line that has no business in the proof: said twice, with a label that the problem has not, or cut off. */
function intruder(line: ProofLine, random: Random): string {
  const kind = Math.floor(random() * 3);
  if (kind === 0) return `${proofLineText(line)}\n${proofLineText(line)}`;
  return kind === 1
    ? proofLineText({ ...line, labels: line.labels.map(() => labelOf(MAX_OPERATIONS - 1)) })
    : proofLineText(line).split(' ').slice(0, 3).join(' ');
}

/** One of 0 … size − 1 that is not `not`. */
function other(size: number, not: number, random: Random): number {
  return (not + 1 + Math.floor(random() * (size - 1))) % size;
}

/** A verifier's analysis of any proof. */
export function writeAnalysis(chain: Chain, proof: string, manners: Manners['analysis'], random: Random): string {
  const reading = readProof(chain, proof);
  const remarks = random() < manners.remarkHabit;
  const lines = reading.steps.map((step, index) =>
    analysisLineOf(step, verdictOn(step, index, remarks, manners, random), manners.intermediates),
  );
  const foreign = foreignLineSaid(reading.foreign, proof, manners, random);
  if (foreign !== undefined) lines.push({ label: EXTRA, expected: '', quoted: foreign, verdict: 'wrong' });
  const score = scoreOfVerdicts(lines.map(({ verdict }) => verdict));
  return analysisText(lines, random() < manners.slip ? otherScore(score, random) : score);
}

/** The foreign line that an analysis reports: the first one, or, invented, one that belongs there. */
function foreignLineSaid(
  foreign: readonly string[],
  proof: string,
  manners: Manners['analysis'],
  random: Random,
): string | undefined {
  if (foreign.length > 0) return random() >= manners.missLast ? foreign[0] : undefined;
  const lines = proof.split('\n');
  return random() < manners.invent ? lines[Math.floor(random() * lines.length)] : undefined;
}

function analysisLineOf(step: Step, verdict: Verdict, intermediates: boolean): AnalysisLine {
  const expected = intermediates ? expectedText(step.expected) : briefText(step.expected);
  return { label: step.label, expected, quoted: quotationOf(step.line), verdict };
}

function verdictOn(
  { truth }: Step,
  index: number,
  remarks: boolean,
  manners: Manners['analysis'],
  random: Random,
): Verdict {
  const miss = manners.missFirst + ((manners.missLast - manners.missFirst) * index) / (MAX_OPERATIONS - 1);
  if (truth === 'wrong' || truth === 'skips') return random() < miss ? 'ok' : VERDICT_OF[truth];
  if (random() < manners.invent) return random() < INVENTED_SKIPS ? 'skips' : 'wrong';
  if (truth === 'trivial') return random() < manners.realRemark ? '?' : 'ok';
  return remarks && random() < manners.remarkByHabit ? '?' : 'ok';
}

const INVENTED_SKIPS = 0.25;

function otherScore(score: ProofScore, random: Random): ProofScore {
  return SCORES[other(SCORES.length, SCORES.indexOf(score), random)] ?? 0;
}

/** A self-evaluation: blind praise, or an analysis like any other. */
export function writeSelfEvaluation(chain: Chain, proof: string, manners: Manners, random: Random): string {
  if (random() >= manners.blindSelf) return writeAnalysis(chain, proof, manners.analysis, random);
  const lines = readProof(chain, proof).steps.map((step) => analysisLineOf(step, 'ok', manners.analysis.intermediates));
  return analysisText(lines, 1);
}

/**
 * A meta-verifier's analysis of an analysis: every claimed issue with what the line should be and what the proof says,
 * called `real` or `unreal`; then whether the score follows; then the quality. By the rubric that also scores misses,
 * every line that is passed as well: an `unreal` one has an issue that was missed.
 */
export function writeMetaAnalysis(
  chain: Chain,
  proof: string,
  analysis: string,
  manners: Manners['metaAnalysis'],
  random: Random,
): string {
  const reading = readProof(chain, proof);
  const said = readAnalysis(analysis);
  const { misjudge, misjudgeRemark, misjudgePassed } = manners;
  const claims = said.lines.filter(({ verdict }) => verdict !== 'ok');
  const judged = (misjudgePassed === undefined ? claims : [...said.lines, ...passedOver(reading, said)]).map(
    (claim) => ({
      claim,
      real:
        isReal(reading, claim) !==
        random() < ({ '?': misjudgeRemark, ok: misjudgePassed }[claim.verdict as string] ?? misjudge),
    }),
  );
  const lines = judged.map(({ claim, real }) => {
    const step = reading.steps.find(({ label }) => label === claim.label);
    const subject =
      step === undefined
        ? `${claim.label} , ${reading.foreign[0] ?? MISSING}`
        : `${expectedText(step.expected)} , ${quotationOf(step.line)}`;
    return `${subject} ${claim.verdict} ${real ? 'real' : 'unreal'}`;
  });
  const follows = scoreFollows(said) && said.malformedLines === 0;
  const isClaimed = ({ claim }: (typeof judged)[number]): boolean => claim.verdict !== 'ok';
  const quality = qualityOfJudgements(
    judged.filter(isClaimed).map(({ real }) => real),
    judged.every((line) => isClaimed(line) || line.real),
    follows,
  );
  const box = random() < manners.slip ? otherScore(quality, random) : quality;
  return [
    META_OPENING,
    ...lines,
    `score ${said.score ?? 0} ${follows ? 'follows' : 'fails'}`,
    `${META_CLOSING} ${BOX_OPENING}${box}${BOX_CLOSING}`,
  ].join('\n');
}

/** A foreign line of which the analysis says nothing. */
function passedOver({ foreign: [quoted] }: ProofReading, { lines }: AnalysisReading): AnalysisLine[] {
  if (quoted === undefined || lines.some(({ label }) => label === EXTRA)) return [];
  return [{ label: EXTRA, expected: '', quoted, verdict: 'ok' }];
}

/**
 * @param real of each claimed issue.
 * @param allSeen no line that it passes has an issue.
 */
function qualityOfJudgements(real: readonly boolean[], allSeen: boolean, follows: boolean): QualityScore {
  if ((real.length > 0 || !allSeen) && !real.includes(true)) return 0;
  if (real.includes(false) || !allSeen) return 0.5;
  return follows ? 1 : 0.5;
}

/**
 * A better proof, by an analysis of the last one: lines that it calls merged are written apart, and what it leaves
 * merged mostly stays so.
 */
export function writeRefinement(chain: Chain, analysis: string, manners: Manners['proof'], random: Random): string {
  const flagged = new Set(
    readAnalysis(analysis)
      .lines.filter(({ verdict }) => verdict === 'skips')
      .map(({ label }) => label),
  );
  return writeProof(chain, manners, random, (index) => !flagged.has(labelOf(index)));
}
