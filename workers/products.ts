import type { ProductWorld } from '../activities/products/open.ts';
import { configuredEndpoints, priceOf, settingsOf } from '../activities/serving/endpoints.ts';
import { domains } from '../domains/index.ts';
import { config } from '../temporal.config.ts';
import { store } from './store.ts';

/** What products are read against; a worker also knows which are under way. */
export const productWorld = (): ProductWorld => ({
  store,
  checkers: domains.checkerOf,
  async priceOf({ endpoint, model }) {
    const known = await configuredEndpoints(config.inference);
    return priceOf(settingsOf(known?.endpoints, endpoint), model);
  },
});
