import type { LapShape, TrainedTask, TrainOrder } from './orders.ts';
import type { LapFacts, Refusal } from './facts.ts';
import { ordersOf, PHASES } from './phases.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { searchCalls } from '../products/estimate.ts';
import type { SearchPolicy } from '../products/search.ts';
import { TASKS, type Task } from '../records.ts';
import { LEAST_HUMAN_SCORES } from '../statistics/figure.ts';

/**
 * Whether a recipe's sizes can work with what is known of its files and servers. What is not known refuses nothing.
 */
export interface Limits {
  /** Sizes with which no row, or no answer, fits. */
  readonly refused: readonly Refusal[];
  /** Sizes with which many do not, a sentence each. */
  readonly warnings: readonly string[];
}

/** What a task's prompt shows beside its problem. */
export const SHOWN: Readonly<Record<Task, { readonly proofs: number; readonly analyses: number }>> = {
  prove: { proofs: 0, analyses: 0 },
  selfVerify: { proofs: 0, analyses: 0 },
  selfRefine: { proofs: 0, analyses: 0 },
  refine: { proofs: 1, analyses: 1 },
  verify: { proofs: 1, analyses: 0 },
  metaVerify: { proofs: 1, analyses: 1 },
};

/** What models write is seldom as long as it may be: half is reckoned with. Ours. */
const USUAL_SHARE = 0.5;

export function limitsOf(lap: LapShape, facts: LapFacts): Limits {
  const { shortest } = facts;
  const found: Found = { refused: [...(facts.refused ?? [])], warnings: [] };
  countsOf(lap, facts, found);
  if (shortest !== undefined) {
    const lengths = { shortest, usual: usualPrompts(lap.recipe, { ...facts, shortest }) };
    for (const training of trainingsOf(lap)) trainingLimits(training, lap.recipe, facts, lengths, found);
    samplingLimits(lap, facts, lengths, found);
    searchLimits(lap, facts, lengths, found);
  }
  return found;
}

interface Found {
  readonly refused: Refusal[];
  readonly warnings: string[];
}

/** Tokens of a task's prompts: the shortest that a lap can ask, and those of usual texts. */
interface Lengths {
  readonly shortest: Readonly<Record<Task, number>>;
  readonly usual: Readonly<Record<Task, number>>;
}

/** Tokens of each task's prompt with a statement in the middle, and texts half as long as sampling allows. */
export function usualPrompts(
  { sampling }: Recipe,
  {
    problems,
    shortest,
  }: { readonly problems?: LapFacts['problems'] | undefined; readonly shortest: Lengths['shortest'] },
): Lengths['usual'] {
  const { least = 0, median = 0 } = problems?.tokens ?? {};
  const usual = (task: Task) => {
    const { proofs, analyses } = SHOWN[task];
    const texts = proofs * sampling.prove.maxTokens + analyses * sampling.verify.maxTokens;
    return Math.round(shortest[task] + median - least + USUAL_SHARE * texts);
  };
  return Object.fromEntries(TASKS.map((task) => [task, usual(task)])) as Record<Task, number>;
}

interface Training {
  /** Of the recipe. */
  readonly field: string;
  readonly tasks: readonly TrainedTask[];
  readonly limits: Pick<Recipe['consolidation'], 'maxPromptTokens' | 'maxCompletionTokens'>;
}

function trainingsOf(lap: LapShape): Training[] {
  const { stages, consolidation } = lap.recipe;
  const orders = ordersOf(lap).flatMap(({ orders }) =>
    orders.filter((order): order is TrainOrder => order.kind === 'train'),
  );
  return orders.map(({ name, sources }) => ({
    field: name === 'consolidation' ? name : `stages.${name}`,
    tasks: sources.map(({ task }) => task),
    limits: name === 'consolidation' ? consolidation : stages[name],
  }));
}

function trainingLimits(
  { field, tasks, limits }: Training,
  { sampling }: Recipe,
  { base }: LapFacts,
  { shortest, usual }: Lengths,
  { refused, warnings }: Found,
): void {
  const { maxPromptTokens, maxCompletionTokens } = limits;
  for (const task of tasks) {
    if (shortest[task] > maxPromptTokens)
      refused.push({
        field: `${field}.maxPromptTokens`,
        expected: `at least ${n(shortest[task])}, the tokens of the shortest ${task} prompt`,
        got: n(maxPromptTokens),
        remedy: `${n(usual[task])} holds most of them; or ask by shorter prompts (domain.prompts)`,
      });
    else if (usual[task] > maxPromptTokens)
      warnings.push(
        `${field}.maxPromptTokens ${n(maxPromptTokens)}: a ${task} prompt with texts half as long as sampling allows ` +
          `has ${n(usual[task])} tokens; longer rows are left out, up to training.maxLongRowShare`,
      );
    const together = shortest[task] + maxCompletionTokens;
    if (base?.context !== undefined && together > base.context)
      refused.push({
        field: `${field}.maxCompletionTokens`,
        expected:
          `at most ${n(Math.max(0, base.context - shortest[task]))}, what the base's ${n(base.context)} positions ` +
          `hold after the shortest ${task} prompt of ${n(shortest[task])}`,
        got: n(maxCompletionTokens),
        remedy: 'lower it, or ask by shorter prompts (domain.prompts)',
      });
  }
  const most = Math.max(...tasks.map((task) => answerTokens(sampling[task])));
  if (tasks.length > 0 && most < maxCompletionTokens)
    warnings.push(
      `${field}.maxCompletionTokens ${n(maxCompletionTokens)}: answers longer than sampling allows (${n(most)}) are ` +
        'learned there and cut off afterwards',
    );
}

function samplingLimits(
  lap: LapShape,
  { server }: LapFacts,
  { shortest, usual }: Lengths,
  { refused, warnings }: Found,
): void {
  if (server === undefined) return;
  const { context, of } = server;
  for (const task of tasksAsked(lap)) {
    const { maxThinkingTokens = 0, maxTokens } = lap.recipe.sampling[task];
    const answer = maxTokens + maxThinkingTokens;
    const window = `the ${n(context)} tokens of ${of}`;
    if (shortest[task] + answer <= context) {
      if (usual[task] + answer > context)
        warnings.push(
          `sampling.${task}.maxTokens ${n(maxTokens)}: with a prompt of texts half as long as sampling allows ` +
            `(${n(usual[task])} tokens) it is more than ${window}: such calls fail`,
        );
      continue;
    }
    const room = context - shortest[task] - maxThinkingTokens;
    refused.push(
      room < 1
        ? {
            field: 'inference.engine',
            expected:
              `servers that hold the shortest ${task} prompt of ${n(shortest[task])} tokens with an answer of ` +
              n(answer),
            got: window,
            remedy:
              'let it hold more (FLYWHEEL_MODEL_CONTEXT, --max-model-len), or ask by shorter prompts (domain.prompts)',
          }
        : {
            field: `sampling.${task}.maxTokens`,
            expected:
              `at most ${n(room)}, what ${window} hold after the shortest ${task} prompt of ` + n(shortest[task]),
            got: n(maxTokens),
            remedy: 'lower it, or let the server hold more (FLYWHEEL_MODEL_CONTEXT, --max-model-len)',
          },
    );
  }
}

/** A search's refinement is shown several analyses. */
function searchLimits(lap: LapShape, { server }: LapFacts, { usual }: Lengths, { warnings }: Found): void {
  const { refine, verify } = lap.recipe.sampling;
  const policies = ordersOf(lap).flatMap(({ orders }) =>
    orders.flatMap((order) => (order.kind === 'solve' && order.policy.kind === 'pool' ? [order.policy] : [])),
  );
  const [{ shown, rounds } = { shown: 1, rounds: 0 }] = policies;
  const prompt = Math.round(usual.refine + (shown - 1) * USUAL_SHARE * verify.maxTokens);
  if (server === undefined || rounds === 0 || shown < 2 || prompt + answerTokens(refine) <= server.context) return;
  warnings.push(
    `evaluation.testTime.search.shown ${n(shown)}: a refinement that is shown so many analyses, half as long as ` +
      `sampling allows, has ${n(prompt)} tokens; with its answer it is more than the ${n(server.context)} tokens of ` +
      `${server.of}: such calls fail`,
  );
}

/** Tasks that servers are asked in a lap, its trainings' judges among them. */
export function tasksAsked(lap: LapShape): Task[] {
  const tasks = new Set<Task>();
  for (const order of ordersOf(lap).flatMap(({ orders }) => orders)) {
    if (order.kind === 'sample') tasks.add(order.task);
    if (order.kind === 'label') tasks.add('verify');
    if (order.kind === 'solve') for (const task of tasksOf(order.policy)) tasks.add(task);
    if (order.kind === 'label' && lap.recipe.metaVerification && lap.recipe.labelling.metaAnalysesPerAnalysis > 0)
      tasks.add('metaVerify');
    if (order.kind === 'train' && (order.judges.verifier ?? 0) > 0) tasks.add('verify');
    if (order.kind === 'train' && (order.judges.metaVerifier ?? 0) > 0) tasks.add('metaVerify');
  }
  return TASKS.filter((task) => tasks.has(task));
}

const tasksOf = (policy: SearchPolicy): Task[] =>
  searchCalls(policy, 1).flatMap(({ task, calls }) => (calls.most > 0 ? [task] : []));

/** Counts that the problems do not reach: a lap takes what there is, and says so. */
function countsOf({ recipe, turn }: LapShape, { problems }: LapFacts, { warnings }: Found): void {
  if (problems === undefined || turn > 1) return;
  const { coldStart, labelling, evaluation } = recipe;
  const { train, validation, heldOut, next } = problems.splits;
  const asked = Math.min(coldStart.problems, train + validation);
  const less = (field: string, wanted: number, there: number, what: string) => {
    if (wanted > there) warnings.push(`${field} ${n(wanted)}: there are ${n(there)} ${what}, and no more are taken`);
  };
  if (PHASES.coldStart.orders({ recipe, turn }) !== undefined) {
    less('coldStart.problems', coldStart.problems, train + validation, 'problems beside those held out');
    const drafts = asked * coldStart.candidatesPerProblem * (coldStart.refinementRounds + 1);
    less('coldStart.expertProofs', coldStart.expertProofs, drafts, 'proofs of these');
  }
  less('labelling.proofs', labelling.proofs, next * labelling.proofsPerProblem, 'proofs of the next problems');
  less('evaluation.testTime.problems', evaluation.testTime?.problems ?? 0, heldOut, 'held-out problems');
  const { humanProofs = 0, proofsPerProblem } = evaluation;
  const written = heldOut * proofsPerProblem;
  less('evaluation.humanProofs', humanProofs, written, 'held-out proofs of the final generator');
  const seen = Math.min(humanProofs, written);
  if (humanProofs > 0 && seen < LEAST_HUMAN_SCORES)
    warnings.push(
      `evaluation.humanProofs ${n(humanProofs)}: people score ${n(seen)} at most, and an estimate takes ` +
        `${LEAST_HUMAN_SCORES}`,
    );
}

const answerTokens = ({ maxTokens, maxThinkingTokens = 0 }: Recipe['sampling'][Task]): number =>
  maxTokens + maxThinkingTokens;
const n = (tokens: number): string => tokens.toLocaleString('en');

/** The sentence of a refusal; a reader's own says the field. */
export function refusalText(refusal: Refusal): string {
  if ('message' in refusal) return refusal.message;
  const { field, expected, got, remedy } = refusal;
  return `${field}: expected ${expected}, got ${got}: ${remedy}`;
}
