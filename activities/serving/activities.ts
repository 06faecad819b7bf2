import { Context } from '@temporalio/activity';
import type { ModelRef } from '../../shared/records.ts';
import { beating } from '../processes/heartbeat.ts';
import { onceThereIsRoom } from '../store/refusals.ts';
import type { Holding, Serving } from './serving.ts';

export interface EnsureServedInput extends Holding {
  readonly models: readonly ModelRef[];
}

export type ServingActivities = ReturnType<typeof createServingActivities>;

/** Activities of the queue `flywheel-inference`. Both are safe to repeat. */
export function createServingActivities({ serving }: { readonly serving: Serving }) {
  return {
    /**
     * Has models served and held, and returns when each answers. From then on every process asks the same engine for
     * them.
     */
    ensureServed: ({ models, ...holding }: EnsureServedInput) => waiting(() => serving.hold(models, holding)),
    /** Frees the servers that serve only what the holder held and nobody else holds. */
    releaseServed: ({ holder }: Pick<Holding, 'holder'>) => waiting(() => serving.letGo(holder)),
  };
}

/** Of the few times that a server may fail to start, a full disk takes none. */
function waiting(work: () => Promise<void>): Promise<void> {
  return beating(() => onceThereIsRoom(work, Context.current().cancellationSignal));
}
