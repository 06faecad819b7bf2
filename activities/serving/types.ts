import type { BaseFacts, Window } from '../../shared/lap/facts.ts';
import type { ModelRef } from '../../shared/records.ts';
import type { Endpoint, Load } from '../inference/types.ts';

/** What serves models. A new one is its file and a line in workers/configured.ts. */
export interface ServingEngine {
  /** As `inference.engine` of a recipe says it. */
  readonly name: string;
  /** Whether processes of several machines share its servers, and have to know who holds them. @default false */
  readonly shared?: boolean;
  /**
   * Where a model is served: by what serves it already if that answers, else by a new server, once that answers.
   * However many ask, in whatever processes, share it.
   * @throws `ModelMissing`, `EngineNotConfigured` or `ModelServerFailed`.
   */
  ensure(model: ModelRef): Promise<readonly Endpoint[]>;
  /**
   * Where a model that is held is served now, without waiting for anything; servers that are missing are started, and
   * those that are too many ended, as the load of all processes wants it.
   * @param load what this process asks, if it asks. @default no server of this engine comes or goes by itself
   */
  look?(model: ModelRef, load?: Load): Promise<readonly Endpoint[]>;
  /**
   * Models that it serves on machines of others, and that nobody has asked anything for so many milliseconds.
   * @default none
   */
  idle?(forMs: number): Promise<readonly ModelRef[]>;
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
