import { modelKey, type ModelRef } from '../records.ts';
import type { Price, Prices } from './caps.ts';

/** A model as a person names it to a product: an endpoint's. */
export interface ModelChoice {
  /** OpenAI-compatible API, with or without the trailing `/v1`. */
  readonly endpoint: string;
  /** The endpoint's name for it. */
  readonly model: string;
  /** Changes whenever it answers differently; part of what its calls are known by. @default 1 */
  readonly revision?: string | undefined;
}

/** A model that a product asks. */
export interface AskedModel {
  readonly ref: ModelRef;
  /** As people read it. */
  readonly name: string;
  /** @default it has none, and no cost can be worked out */
  readonly price?: Price | undefined;
}

/** The prices of those that have one, by the key of the model. */
export const pricesOf = (models: readonly AskedModel[]): Prices =>
  Object.fromEntries(models.flatMap(({ ref, price }) => (price ? [[modelKey(ref), price]] : [])));
