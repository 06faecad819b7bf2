import type { LapFacts, Refusal } from './facts.ts';
import { tell } from '../recipe/issues.ts';
import { engineOf } from '../recipe/means.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { STAGE_NAMES } from '../stages.ts';
import { gpuPlan } from '../training/gpuPlan.ts';
import { parametersInName, shapeOfSize, type ModelShape } from '../training/modelShape.ts';
import { trlOptionsSchema, type TrlOptions } from '../training/trlOptions.ts';

/** How a lap's trainings lie on the GPUs of its recipe. */
export interface TrainingLayout {
  /** A sentence. */
  readonly text: string;
  /** For the engine; absent where it lays itself out, or does not fit. */
  readonly options?: TrlOptions;
  readonly refusal?: Refusal;
  readonly warning?: string;
}

/** Ours: the commonest of a node of eight. */
const USUAL_MEMORY_GB = 80;

/**
 * One layout for all trainings of a lap, by the longest rows that it may have. Of engines that are no `trl` their names
 * are said and no more; undefined where no GPU trains.
 */
export function trainingLayout(recipe: Recipe, facts: LapFacts): TrainingLayout | undefined {
  const { training, domain, stages } = recipe;
  const { nodes, gpusPerNode, gpuMemoryGb: memoryGb = USUAL_MEMORY_GB, engineOptions = {} } = training;
  if (gpusPerNode === 0) return undefined;
  const engine = engineOf(training);
  if (engine !== 'trl')
    return { text: `${engine}, on ${nodes} × ${gpusPerNode} GPUs: how its trainings lie on them is its own to say` };
  if (nodes > 1)
    return refusedBy('training.nodes', {
      expected: '1 with training.engine trl',
      got: String(nodes),
      remedy: 'training.engine=verl trains on more nodes',
    });
  const { data: asked, error } = trlOptionsSchema.safeParse(engineOptions);
  if (error) {
    const message = `training.engineOptions of ${engine}: ${tell(error, engineOptions)}`;
    return { text: message, refusal: { field: 'training.engineOptions', message } };
  }
  const model = modelOf(facts, domain.base);
  if (model === undefined) {
    const warning =
      `training.gpusPerNode ${gpusPerNode}: whether the trainings fit on them is not known before the base is there ` +
      '(domain.base)';
    return { text: 'trl, whose layout follows from the base’s size', warning };
  }
  const longest = Math.min(longestRows(recipe), facts.base?.context ?? Infinity);
  const each = STAGE_NAMES.map((stage) => stages[stage]);
  const reference = each.some(({ klCoef }) => klCoef > 0);
  const unshared = indivisible(recipe, asked.processesPerNode ?? gpusPerNode);
  if (unshared) return unshared;
  const longestCompletion = Math.min(longest, Math.max(...each.map(({ maxCompletionTokens }) => maxCompletionTokens)));
  const wholeLogits = each.some(({ watches = [] }) => watches.some(({ metric }) => metric === 'entropy'));
  const rows = { longest, longestCompletion, wholeLogits };
  const plan = gpuPlan({ shape: model.shape, ...rows, reference, asked }, { nodes, gpusPerNode, memoryGb });
  if (plan.kind === 'fits') return { text: `trl, ${plan.text}${model.of}`, options: plan.options };
  const { expected, got, remedy } = plan;
  return refusedBy('training.gpusPerNode', { expected: `${expected}${model.of}`, got, remedy });
}

const refusedBy = (
  field: string,
  why: { readonly expected: string; readonly got: string; readonly remedy: string },
): TrainingLayout => ({ text: `trl, but not with ${field} ${why.got}`, refusal: { field, ...why } });

/** A step's rows are shared out among processes, as many to each; whole groups where these are looked at together. */
function indivisible({ stages, consolidation }: Recipe, processes: number): TrainingLayout | undefined {
  const remedy = 'change it, or training.gpusPerNode';
  for (const stage of STAGE_NAMES) {
    const { promptsPerStep, groupSize, variant: { resampleFlat = 0, stepsPerSampling = 1 } = {} } = stages[stage];
    const inGroups = resampleFlat > 0 || stepsPerSampling > 1;
    const shared = inGroups ? promptsPerStep : promptsPerStep * groupSize;
    const what = inGroups ? 'prompts of a step' : 'samples of a step (promptsPerStep · groupSize)';
    if (shared % processes > 0)
      return refusedBy(`stages.${stage}.promptsPerStep`, {
        expected: `${what} to be divisible by the ${processes} processes of a training`,
        got: String(shared),
        remedy,
      });
  }
  const { rowsPerStep } = consolidation;
  if (rowsPerStep % processes === 0) return undefined;
  const expected = `a multiple of the ${processes} processes of a training`;
  return refusedBy('consolidation.rowsPerStep', { expected, got: String(rowsPerStep), remedy });
}

/** Of the base as it lies there, else as its name tells its size. */
function modelOf({ base }: LapFacts, name: string): { readonly shape: ModelShape; readonly of: string } | undefined {
  if (base !== undefined) return { shape: base.shape ?? shapeOfSize(base.parameters), of: '' };
  const parameters = parametersInName(name);
  return parameters === undefined
    ? undefined
    : { shape: shapeOfSize(parameters), of: ` (by the base’s name, shaped as usual)` };
}

function longestRows({ stages, consolidation }: Recipe): number {
  return Math.max(
    ...[...STAGE_NAMES.map((stage) => stages[stage]), consolidation].map(
      ({ maxPromptTokens, maxCompletionTokens }) => maxPromptTokens + maxCompletionTokens,
    ),
  );
}
