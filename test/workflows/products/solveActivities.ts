import { createProductActivities } from '../../../activities/products/activities.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { writeSolvePage } from '../../../reports/products/writeSolvePage.ts';

/** What the orchestrator's worker does of a `solve`. */
export const solveActivities = (store: FileStore) => ({
  ...createProductActivities({ store }),
  writeSolvePage: (input: Parameters<typeof writeSolvePage>[1]) => writeSolvePage(store, input),
});
