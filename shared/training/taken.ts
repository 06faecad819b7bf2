/** What a training took over from an equal one of an earlier lap: its result, or the state that it goes on from. */
export interface TakenTraining {
  readonly kind: 'result' | 'state';
  /** The earlier training's job key. */
  readonly from: string;
  /** Optimizer steps, seconds of training and tokens that were paid for there. */
  readonly steps: number;
  readonly seconds: number;
  readonly tokens: number;
}
