import type { StoredProof } from '../../activities/datasets/labelScores.ts';
import { byScore, type Figure, type ScoreKey } from '../../shared/statistics/figure.ts';
import { ratio } from '../../shared/statistics/measures.ts';
import { settledBy, tallyOf, type Tally } from '../../shared/label/autoLabel.ts';
import { gridPolicies } from '../../shared/label/precision.ts';
import { relabelled, replayLabel } from '../../shared/label/replay.ts';
import type { AutoLabelPolicy, LabelDecision } from '../../shared/sampling/sets.ts';
import type { ProofScore } from '../../shared/scores.ts';

/**
 * Which rule, n, m and k to label by, from stored verdicts of proofs whose scores are known: each candidate decides
 * them again, without a call.
 */

export interface KnownProof extends StoredProof {
  readonly score: ProofScore;
  /** Proofs of its set that it stands for: people score a part of them. */
  readonly weight: number;
}

/** What a policy makes of these proofs. */
export interface Candidate {
  readonly policy: AutoLabelPolicy;
  /** Right labels; `n` counts the proofs that were looked at, and the interval has problems as clusters. */
  readonly precision: Figure;
  readonly byLabel: Readonly<Record<ScoreKey, Figure>>;
  /** Shares of the proofs: without a label, and not decided by what is stored, so that nothing can be said of them. */
  readonly contested: number;
  readonly open: number;
  /** Mean calls of a proof with early stop, of the proofs whose verdicts are all stored; null where there is none. */
  readonly calls: number | null;
}

export interface LabelChoice {
  readonly goal: number;
  /** The policy that the verdicts were asked by. */
  readonly asked: Candidate;
  /** The best first: those that reach the goal by what people are left to decide, then the others by precision. */
  readonly candidates: readonly Candidate[];
  readonly reaching: number;
  readonly tried: number;
  readonly proposal: Candidate | null;
  readonly why: string;
}

/** Of more proofs, what is stored cannot tell. Ours. */
const MOST_OPEN = 0.05;
/** Calls are worked out, and shown, of so many. */
const SHORTLIST = 12;

/**
 * Scores of a part of a set stand for all of it, decision by decision: audits are a sample, contested proofs are not.
 */
export function weighted(
  stored: readonly StoredProof[],
  scores: ReadonlyMap<string, ProofScore>,
): { readonly known: KnownProof[]; readonly strata: readonly Stratum[] } {
  const all = new Map<string, number>();
  const scored = new Map<string, number>();
  const plusOne = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const { proofId, decision } of stored) {
    plusOne(all, nameOf(decision));
    if (scores.has(proofId)) plusOne(scored, nameOf(decision));
  }
  const known = stored.flatMap((proof) => {
    const score = scores.get(proof.proofId);
    const name = nameOf(proof.decision);
    return score === undefined ? [] : [{ ...proof, score, weight: (all.get(name) ?? 0) / (scored.get(name) ?? 1) }];
  });
  const strata = Array.from(all, ([decision, proofs]) => ({ decision, proofs, scored: scored.get(decision) ?? 0 }));
  return { known, strata: strata.sort((a, b) => (a.decision < b.decision ? -1 : 1)) };
}

/** Proofs of a set that were decided alike, and those of them whose score is known. */
export interface Stratum {
  readonly decision: string;
  readonly proofs: number;
  readonly scored: number;
}

const nameOf = (decision: LabelDecision): string =>
  decision.kind === 'labelled' ? String(decision.score) : decision.kind;

/**
 * @param waves as the verdicts were asked for.
 * @param goal the least precision of each label.
 */
export function chooseLabels(
  proofs: readonly KnownProof[],
  asked: AutoLabelPolicy,
  waves: readonly number[],
  goal: number,
): LabelChoice {
  const judged = gridPolicies(asked, [asked.minValidAnalyses]).flatMap((policies) => {
    const tallied = talliedBy(policies[0] ?? asked, proofs);
    return policies.map((policy) => candidateOf(policy, tallied, waves));
  });
  const reaches = (one: Candidate): boolean => one.open <= MOST_OPEN && one.precision !== null && lowest(one) >= goal;
  const undecided = ({ contested, open }: Candidate): number => Math.round(100 * (contested + open));
  const size = ({ policy }: Candidate): number => policy.analysesPerProof * (1 + policy.metaAnalysesPerAnalysis);
  const reaching = judged.filter(reaches).sort((a, b) => undecided(a) - undecided(b) || size(a) - size(b));
  const others = judged.filter((one) => !reaches(one)).sort((a, b) => a.open - b.open || lowest(b) - lowest(a));
  const withCalls = (one: Candidate): Candidate => ({ ...one, calls: callsOf(one.policy, proofs, waves) });
  const candidates = [...reaching, ...others].slice(0, SHORTLIST).map(withCalls);
  const mostCalls = ({ calls }: Candidate): number => calls ?? Infinity;
  const [proposal] = candidates
    .slice(0, reaching.length)
    .sort((a, b) => undecided(a) - undecided(b) || mostCalls(a) - mostCalls(b));
  const askedFor = withCalls(candidateOf(asked, talliedBy(asked, proofs), waves));
  const choice = { goal, asked: askedFor, candidates, reaching: reaching.length, tried: judged.length };
  return { ...choice, proposal: proposal ?? null, why: whyOf(choice, proposal) };
}

/** Of the label that is right least often; of a label that is not given nothing can be said. */
const lowest = ({ byLabel }: Candidate): number =>
  Math.min(...Object.values(byLabel).flatMap((figure) => figure?.value ?? []));

/** Counted by n and m, once for all rules and k. */
const talliedBy = (policy: AutoLabelPolicy, proofs: readonly KnownProof[]) =>
  proofs.map((proof) => ({ ...proof, tally: tallyOf(policy, proof.evidence) }));

/** What a policy makes of the proofs; `calls` is worked out apart, since it takes a replay of each. */
function candidateOf(
  policy: AutoLabelPolicy,
  proofs: readonly (KnownProof & { readonly tally: Tally })[],
  waves: readonly number[],
): Candidate {
  const decided = proofs.map((proof) => ({ ...proof, settled: settledBy(policy, proof.tally) }));
  const labelled = decided.flatMap(({ settled, ...proof }) =>
    settled?.kind === 'labelled' ? [{ ...proof, label: settled.score }] : [],
  );
  const total = weightOf(proofs);
  // What is not settled would be asked on about, or all that may help is lost already.
  const open = weightOf(
    decided.filter(
      ({ settled, evidence }) => settled === undefined && relabelled(policy, waves, evidence).kind === 'ask',
    ),
  );
  const rightOf = (of: typeof labelled): Figure => {
    const right = ratio(
      of.map(({ score, label, weight, problem }) => ({
        hits: score === label ? weight : 0,
        of: weight,
        cluster: problem,
      })),
    );
    return right && { ...right, n: of.length };
  };
  return {
    policy,
    precision: rightOf(labelled),
    byLabel: byScore((score) => rightOf(labelled.filter(({ label }) => label === score))),
    contested: (total - open - weightOf(labelled)) / total,
    open: open / total,
    calls: null,
  };
}

const weightOf = (proofs: readonly { readonly weight: number }[]): number =>
  proofs.reduce((sum, { weight }) => sum + weight, 0);

function callsOf(policy: AutoLabelPolicy, proofs: readonly KnownProof[], waves: readonly number[]): number | null {
  const replayed = proofs.flatMap(({ evidence, weight }) => {
    const { calls, missing } = replayLabel(policy, waves, evidence);
    return missing > 0 ? [] : [{ weight, calls }];
  });
  if (replayed.length === 0) return null;
  return replayed.reduce((sum, { weight, calls }) => sum + weight * calls, 0) / weightOf(replayed);
}

function whyOf(
  { goal, asked, reaching, tried }: Pick<LabelChoice, 'goal' | 'asked' | 'reaching' | 'tried'>,
  proposal: Candidate | undefined,
): string {
  if (proposal === undefined)
    return (
      `None of ${tried} candidates has a precision of ${goal} in each label here. More analyses or meta-analyses ` +
      'than were asked for may reach it, which stored verdicts cannot tell'
    );
  const { contested, open, calls, byLabel } = proposal;
  const unsure = Object.entries(byLabel).flatMap(([score, figure]) =>
    figure && figure.low < goal ? [`${score} (${figure.n} scored, from ${figure.low.toFixed(2)})`] : [],
  );
  return (
    `Of ${tried} candidates ${reaching} have a precision of at least ${goal} in each label here; of these it ` +
    `leaves the fewest proofs without one, ${percent(contested + open)} (as asked ` +
    `${percent(asked.contested + asked.open)}), ` +
    `${calls === null ? 'calls unknown' : `at ${calls.toFixed(1)} calls a proof`}. It is judged on the proofs that ` +
    'it was chosen by' +
    (unsure.length === 0 ? '' : `; not yet shown, as the interval goes below the goal: label ${unsure.join(', ')}`)
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
