import type { LapFacts } from '../../shared/lap/facts.ts';
import { STAGE_NAMES, type StageName } from '../../shared/stages.ts';
import type { PeopleSizes } from './hours.ts';
import { clamp, n, type ProblemSizes, type Sizes } from './sizes.ts';

/** Passes over a stage's rows, and steps at most: about a day of one GPU. */
const PASSES = 3;
const MOST_STEPS = 200;
const MOST_PROMPTS = 32;

/** Learning rates by parameters. Others' published runs are of 7 G and more; smaller models stand larger steps. */
const LEARNING_RATES: readonly (readonly [parameters: number, rate: number])[] = [
  [2e7, 1e-4],
  [1e9, 1e-5],
  [4e9, 3e-6],
];

/** Batches and steps of the trainings by the rows that each will have, and what is measured after them. */
export function trainingSizes(sizes: Sizes, { base }: LapFacts, problems: ProblemSizes, people: PeopleSizes): void {
  const trained = (scored: number): number => Math.max(1, Math.floor((scored * problems.train) / problems.pool));
  const [proofs, analyses] = [trained(people.expertProofs), trained(people.expertAnalyses)];
  const rows: Record<StageName, readonly [number, string]> = {
    verifierV1: [proofs, 'scored proofs'],
    metaVerifier: [analyses, 'scored analyses'],
    verifierV2: [proofs + (sizes.asked.metaVerification ? analyses : 0), 'scored proofs and analyses'],
    generator: [problems.train, 'problems'],
    selfVerification: [problems.train, 'problems'],
  };
  const rate = LEARNING_RATES.find(([most]) => (base?.parameters ?? Infinity) <= most)?.[1] ?? 1e-6;
  for (const stage of STAGE_NAMES) {
    const [count, what] = rows[stage];
    const of = `${n(count)} ${what} to train on`;
    const batch = sizes.set(
      `stages.${stage}.promptsPerStep`,
      Math.min(2 ** Math.floor(Math.log2(Math.max(2, count / 4))), MOST_PROMPTS),
      `about a quarter of ${of}, ${MOST_PROMPTS} at most`,
    );
    sizes.set(
      `stages.${stage}.maxSteps`,
      clamp(Math.ceil((PASSES * count) / batch), 4, MOST_STEPS),
      `${PASSES} passes over ${of}, ${n(batch)} a step, ${MOST_STEPS} steps at most`,
    );
    if (base !== undefined)
      sizes.set(`stages.${stage}.learningRate`, rate, `a base of ${n(base.parameters / 1e6)} M parameters`);
  }

  const examples = sizes.set(
    'consolidation.examplesPerSkill',
    clamp(people.labelled, 8, MOST_EXAMPLES),
    `as many as ${n(people.labelled)} labelled proofs show, ${n(MOST_EXAMPLES)} at most`,
  );
  const batch = sizes.set(
    'consolidation.rowsPerStep',
    Math.min(2 ** Math.floor(Math.log2(Math.max(4, examples / 2))), MOST_PROMPTS),
    `an eighth of ${n(SKILLS * examples)} examples, ${MOST_PROMPTS} at most`,
  );
  sizes.set(
    'consolidation.maxSteps',
    clamp(Math.ceil((SKILLS * examples) / batch), 4, MOST_STEPS),
    `a pass over ${n(SKILLS * examples)} examples, ${n(batch)} a step`,
  );

  const scored = Math.max(1, people.expertProofs - proofs);
  sizes.set(
    'evaluation.analysesPerProof',
    clamp(Math.ceil(ANSWERS / scored), 1, 8),
    `about ${ANSWERS} analyses of each verifier, of ${n(scored)} scored proofs that validate`,
  );
  sizes.set(
    'evaluation.proofsPerProblem',
    clamp(Math.ceil(ANSWERS / problems.heldOut), 1, 8),
    `about ${ANSWERS} proofs of each generator, of ${n(problems.heldOut)} problems held out`,
  );
}

/** A consolidation teaches to prove, to judge itself, to verify and to meta-verify. */
const SKILLS = 4;
const MOST_EXAMPLES = 2_000;
/** What a figure of a model is the mean of, where there are few problems. */
const ANSWERS = 32;
