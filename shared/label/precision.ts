import { majorityOf, settledBy, type Tally } from './autoLabel.ts';
import { drawProof, type ProofRates } from './population.ts';
import { LABEL_RULES, type AutoLabelPolicy } from '../sampling/sets.ts';
import { SCORES, type ProofScore } from '../scores.ts';
import { randomFrom } from '../seeds.ts';

/**
 * How right the labels of a policy are on the synthetic population (docs/method.md, "A population to try rules on"),
 * from counts alone: no verdict is drawn that the rule does not look at. A few hundredths of a second.
 */

/** Below it for certain, the next verifier is trained wrong (docs/method.md, "Labels"). Ours. */
export const GOAL = 0.95;

/** What a person said goal, sizes and rule by. */
interface PolicyNames {
  readonly goal: string;
  readonly n: string;
  readonly m: string;
  readonly k: string;
  readonly rule: string;
}

const RECIPE_FIELDS: PolicyNames = {
  goal: 'labelling.minPrecision',
  n: 'labelling.analysesPerProof',
  m: 'labelling.metaAnalysesPerAnalysis',
  k: 'labelling.minValidAnalyses',
  rule: 'labelling.rule',
};

/** Of `flywheel label`. */
export const OPTIONS_OF_LABEL: PolicyNames = { goal: 'a precision of', n: '--n', m: '--m', k: '--k', rule: '--rule' };

/** A precision of 0.95 of a fifth of them is known to within 0.01 then. */
const PROOFS = 10_000;

export interface SimulatedLabels {
  readonly proofs: number;
  /** Labels given, and those of them that are the truth, by score. */
  readonly given: Readonly<Record<`${ProofScore}`, { readonly labels: number; readonly right: number }>>;
  /** Share of the proofs. */
  readonly contested: number;
}

export function simulatedLabels(policy: AutoLabelPolicy): SimulatedLabels {
  const count = () => ({ labels: 0, right: 0 });
  const given = { '0': count(), '0.5': count(), '1': count() };
  let contested = 0;
  for (const { truth, tally } of simulated(policy)) {
    const decision = settledBy(policy, tally);
    if (decision?.kind !== 'labelled') {
      contested += 1;
      continue;
    }
    const label = given[`${decision.score}`];
    label.labels += 1;
    if (decision.score === truth) label.right += 1;
  }
  return { proofs: PROOFS, given, contested: contested / PROOFS };
}

/**
 * What a plan is warned of: the labels whose simulated precision is below the goal, and what helps.
 * @param goal `labelling.minPrecision`.
 * @param names what is told of goal, sizes and rule where they were said. @default the recipe's fields
 */
export function precisionWarning(
  policy: AutoLabelPolicy,
  goal: number = GOAL,
  names: PolicyNames = RECIPE_FIELDS,
): string | undefined {
  const here = simulatedLabels(policy);
  const low = SCORES.flatMap((score) => {
    const { labels, right } = here.given[`${score}`];
    if (labels === 0 || right / labels >= goal) return [];
    return [`label ${score} is right in ${(right / labels).toFixed(3)} of ${labels.toLocaleString('en')}`];
  });
  if (low.length === 0) return undefined;
  const { analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k, rule = 'lowest' } = policy;
  return (
    `labelling: by simulation of ${here.proofs.toLocaleString('en')} proofs, n = ${n}, m = ${m}, k = ${k} and the ` +
    `${rule} rule give labels below ${names.goal} ${goal}: ${low.join('; ')} ` +
    `(${percent(here.contested)} contested). ${helpFor(policy, goal, names)}`
  );
}

/** The rule and k that reach the goal with the fewest contested proofs: at this n, else at more analyses. */
function helpFor(policy: AutoLabelPolicy, goal: number, names: PolicyNames): string {
  const { analysesPerProof: n } = policy;
  const sizes = [n, 2 * n, 4 * n].filter((size) => size <= 1024);
  for (const analysesPerProof of sizes) {
    const found = reaching({ ...policy, analysesPerProof }, goal);
    if (found === undefined) continue;
    const { rule, minValidAnalyses: k } = found.policy;
    const more = analysesPerProof === n ? '' : `${names.n} ${analysesPerProof} with `;
    return (
      `What helps: ${more}${names.rule} ${rule} and ${names.k} ${k}, which reach it there with ` +
      `${percent(found.contested)} contested; \`flywheel labels choose\` says what people's scores of your own ` +
      'proofs tell'
    );
  }
  return (
    `No rule and k reach it with up to ${sizes.at(-1)} analyses: more meta-analyses of each (${names.m}) may help, ` +
    'or a lower precision that you are content with'
  );
}

function reaching(policy: AutoLabelPolicy, goal: number) {
  const found = LABEL_RULES.flatMap((rule) =>
    witnessCounts(policy.analysesPerProof).flatMap((minValidAnalyses) => {
      const tried = { ...policy, rule, minValidAnalyses };
      const { given, contested } = simulatedLabels(tried);
      const reaches = Object.values(given).every(({ labels, right }) => labels === 0 || right / labels >= goal);
      return reaches ? [{ policy: tried, contested }] : [];
    }),
  );
  return found.sort((a, b) => a.contested - b.contested)[0];
}

/** Values of k worth a try: the small ones, and then in steps of a half. */
export function witnessCounts(n: number): number[] {
  const counts = [1, 2, 3];
  for (let base = 4; base <= n; base *= 2) counts.push(base, base * 1.5);
  return counts.filter((k) => k <= Math.max(1, n / 2));
}

/**
 * Rules and k for n analyses and m meta-analyses of each, and for their halves: stored verdicts tell of no more than
 * were asked for.
 * @param more further values of k, at the full n.
 */
export function gridPolicies(
  { analysesPerProof, metaAnalysesPerAnalysis, confirmingMetaScore }: AutoLabelPolicy,
  more: readonly number[] = [],
): AutoLabelPolicy[][] {
  return halvings(analysesPerProof, 4).flatMap((n) =>
    halvings(metaAnalysesPerAnalysis, 2).map((m) =>
      LABEL_RULES.flatMap((rule) =>
        [...new Set([...witnessCounts(n), ...(n === analysesPerProof ? more : [])])].map((k) => ({
          analysesPerProof: n,
          metaAnalysesPerAnalysis: m,
          minValidAnalyses: k,
          confirmingMetaScore,
          rule,
        })),
      ),
    ),
  );
}

/** A size, its half, and so on while they are at least so many. */
function halvings(size: number, least: number): number[] {
  const sizes = [size];
  for (let half = Math.floor(size / 2); half >= least; half = Math.floor(half / 2)) sizes.push(half);
  return sizes;
}

interface Simulated {
  readonly truth: ProofScore;
  readonly tally: Tally;
}

/** All policies are tried on the same proofs, and rules and k on the same analyses: the last ones are kept. */
let drawn: readonly ProofRates[] | undefined;
let last: { readonly of: string; readonly proofs: readonly Simulated[] } | undefined;

function simulated({ analysesPerProof: n, metaAnalysesPerAnalysis: m }: AutoLabelPolicy): readonly Simulated[] {
  const of = `${n} ${m}`;
  if (last?.of === of) return last.proofs;
  const random = randomFrom(1);
  drawn ??= Array.from({ length: PROOFS }, () => drawProof(random));
  const analyses = randomFrom(2);
  const proofs = drawn.map((rates) => ({ truth: rates.truth, tally: tallied(rates, n, m, analyses) }));
  last = { of, proofs };
  return proofs;
}

function tallied({ reports, zero, real, ...confirms }: ProofRates, n: number, m: number, random: () => number): Tally {
  const isValid =
    real * majorityChance(m, confirms.confirmsReal) + (1 - real) * majorityChance(m, confirms.confirmsUnreal);
  const [zeros, halves] = [none(), none()];
  for (let analysis = 0; analysis < n; analysis += 1) {
    if (random() >= reports) continue;
    const level = random() < zero ? zeros : halves;
    level.analyses += 1;
    if (random() < isValid) level.valid += 1;
  }
  return {
    unknown: 0,
    levels: { zero: { ...zeros, possiblyValid: zeros.valid }, half: { ...halves, possiblyValid: halves.valid } },
  };
}

const none = () => ({ analyses: 0, valid: 0 });

/** Chance that the majority of m independent votes confirms, each with chance p; 1 where nobody is asked. */
function majorityChance(m: number, p: number): number {
  const [yes, no] = [Math.log(p), Math.log1p(-p)];
  let below = 0;
  let log = m * no; // of no vote at all; then by one more each
  for (let votes = 0; votes < majorityOf(m); votes += 1) {
    below += Math.exp(log);
    log += Math.log((m - votes) / (votes + 1)) + yes - no;
  }
  return Math.max(0, 1 - below);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
