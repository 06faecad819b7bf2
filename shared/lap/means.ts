import type { Recipe } from './recipe.ts';

/** What a recipe's trainings are run by and where, and how often one is tried. */
export function meansOf({ training }: Pick<Recipe, 'training'>) {
  const { engine = 'small', engineOptions = {}, cluster, nodes, gpusPerNode, wallHours, maxAttempts } = training;
  const resources = { nodes, gpusPerNode, wallSeconds: Math.round(wallHours * 3600) };
  return { engine, engineOptions, cluster, maxAttempts, resources };
}
