import type { ProductWorld } from '../activities/products/open.ts';
import { store } from './store.ts';

/** What products are read against; a worker also knows which are under way. */
export const productWorld = (): ProductWorld => ({ store });
