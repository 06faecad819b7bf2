import type { ProductWorld } from '../activities/products/open.ts';
import { domains } from '../domains/index.ts';
import { store } from './store.ts';

/** What products are read against; a worker also knows which are under way. */
export const productWorld = (): ProductWorld => ({ store, checkers: domains.checkerOf });
