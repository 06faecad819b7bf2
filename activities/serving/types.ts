import type { BaseFacts, Window } from '../../shared/lap/facts.ts';
import type { ModelRef } from '../../shared/records.ts';
import type { Endpoint } from '../inference/types.ts';

/** What serves models. A new one is its file and a line in workers/configured.ts. */
export interface ServingEngine {
  /** As `inference.engine` of a recipe says it. */
  readonly name: string;
  /**
   * Where a model is served: by what serves it already if that answers, else by a new server, once that answers.
   * However many ask, in whatever processes, share it.
   * @throws `ModelMissing`, `EngineNotConfigured` or `ModelServerFailed`.
   */
  ensure(model: ModelRef): Promise<readonly Endpoint[]>;
  /**
   * Ends what serves this model and no other, where anything does. If it is needed after all, `ensure` has it served
   * again.
   */
  release?(model: ModelRef): Promise<void>;
  /**
   * Tokens that it takes of a model, as it was told or its servers say within seconds; nothing is started.
   * @throws `EngineNotConfigured`.
   * @default nobody says it
   */
  window?(base: BaseFacts | undefined): Promise<Window | undefined>;
}
