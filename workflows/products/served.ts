import type { OpenedProduct } from '../../shared/products/input.ts';
import type { AskedModel } from '../../shared/products/models.ts';
import { modelKey, type CheckpointModel } from '../../shared/records.ts';
import { whileServed } from '../served.ts';

/** Hours after which the hold of a product that died lapses. Ours: a month, as long as the longest training. */
const HOLD_HOURS = 720;

/** Does a product's work while models of a lap are served; those of others' endpoints are, whatever we do. */
export function whileAsked<T>(
  { place, engine: { engine } }: Pick<OpenedProduct, 'place' | 'engine'>,
  asked: readonly AskedModel[],
  work: () => Promise<T>,
): Promise<T> {
  const ours = asked.flatMap(({ ref }): CheckpointModel[] => ('checkpoint' in ref ? [ref] : []));
  if (ours.length === 0) return work();
  const models = [...new Map(ours.map((model) => [modelKey(model), model])).values()];
  return whileServed({ holder: place, engine, hours: HOLD_HOURS, models }, work);
}
