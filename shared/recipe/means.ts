import type { Recipe } from './recipe.ts';

/** What a recipe's trainings are run by and where, and how often one is tried. */
export function meansOf({ training, sampling }: Pick<Recipe, 'training' | 'sampling'>) {
  const { engine = 'small', engineOptions = {}, cluster, nodes, gpusPerNode, wallHours, maxAttempts } = training;
  const resources = { nodes, gpusPerNode, wallSeconds: Math.round(wallHours * 3600) };
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
