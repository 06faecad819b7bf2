import type { TrainingName } from '../stages.ts';
import type { Recipe } from './recipe.ts';

/** What trains, where a recipe does not say it: without GPUs `small`, on those of one node `trl`, on more `verl`. */
export function engineOf({ engine, nodes, gpusPerNode }: Recipe['training']): string {
  return engine ?? (gpusPerNode === 0 ? 'small' : nodes === 1 ? 'trl' : 'verl');
}

/** The clusters that a recipe names, each once. */
export function clustersOf({ cluster, clusters = {} }: Recipe['training']): string[] {
  return [...new Set([cluster, ...Object.values(clusters)])];
}

/**
 * What a recipe's training of that name is run by and where, and how often it is tried.
 * @param layout options of the engine that the recipe does not say (`shared/lap/layout.ts`). @default none
 */
export function meansOf(
  { training, sampling }: Pick<Recipe, 'training' | 'sampling'>,
  name: TrainingName,
  layout: object = {},
) {
  const cluster = training.clusters?.[name] ?? training.cluster;
  const { nodes, gpusPerNode, wallHours, maxAttempts, queue } = training;
  const engine = engineOf(training);
  const engineOptions = { ...layout, ...training.engineOptions };
  const resources = { nodes, gpusPerNode, wallSeconds: Math.round(wallHours * 3600), ...(queue && { queue }) };
  // Prompts are rendered in training as in sampling.
  const told = Object.entries(sampling).flatMap(([task, { templateKwargs }]) =>
    templateKwargs === undefined ? [] : [[task, templateKwargs] as const],
  );
  const templateKwargs = told.length > 0 && { templateKwargs: Object.fromEntries(told) };
  return { engine, engineOptions, cluster, maxAttempts, resources, ...templateKwargs };
}

/** What every training's own sizes are completed by. */
export function longRowsOf({ training: { maxLongRowShare } }: Pick<Recipe, 'training'>) {
  return maxLongRowShare === undefined ? {} : { maxLongRowShare };
}
