/**
 * Every type of failure that an activity or a workflow ends with, and whether the same may go well when tried again.
 */
const HEALS = {
  /** The disk is full, over a quota or read-only: waited for, for as long as that lasts. */
  DiskRefused: true,
  /** The store's server does not answer, or lets nobody in who was let in before: waited for as well. */
  StoreUnreachable: true,
  /** There is no such store, or these credentials are not let in, or the server heeds no conditions. */
  StoreRefused: false,
  /** Another process has taken what this one held: whoever tries again reads what that one wrote. */
  LeaseLost: true,
  /** A payload is encrypted with a key that this process does not have: another's, or its own once it has it. */
  PayloadLocked: true,

  // ---- Laps
  /** The input of a lap, or its recipe, cannot be run. */
  InvalidLap: false,
  /** What the lap is planned to take is over its budget: whoever starts lap after lap has come to an end. */
  OverBudget: false,
  InvalidFlywheel: false,
  /** Another workflow has the run's lap under way. */
  LapOpen: false,
  LapFailed: false,
  /** The base does not write what it is asked for in the form that is read: nothing else was spent. */
  FormatNotObeyed: false,
  /** A message of a lead that the lap cannot take now. */
  WordRefused: false,
  /** People's scores speak against what a stage was rewarded for, and a lead has said to stop. */
  StoppedByAudit: false,
  /** A stage would be trained on no row at all. */
  NothingToLearn: false,

  /** The input of a part of a lap, started by hand, is not what a lap gives it. */
  BadPartInput: false,

  // ---- Products without a lap
  /** What a product was told cannot be done. */
  InvalidProduct: false,
  /** Another workflow has the product under way. */
  ProductOpen: false,

  // ---- Sets
  /** No server of a model answered for as long as the recipe has patience, or none is configured. */
  NoServer: false,
  /** Another model answered under the name of a set's: what it said is taken back, and asked again. */
  WrongModel: true,
  BadSetInput: false,
  /** Not one answer of a set can be read. */
  NoAnswers: false,
  /** More of a judge's verdicts are lost than the recipe allows: to ask again would select. */
  TooManyLost: false,
  /** All that the sets of a place may take together is taken: it goes on where it was under a greater cap. */
  CapReached: false,
  /** A line of a ledger is not an outcome. */
  LedgerDamaged: false,
  /** A row does not have what its prompt shows. */
  BadRow: false,
  /** The set was told to stop. */
  SetStopped: false,

  // ---- Reviews
  BadReviewInput: false,
  BadReviewSetInput: false,
  /** The dataset that is asked about is not what it should be. */
  BadReviewSubject: false,
  /** A message that the review cannot take now. */
  ReviewRefused: false,
  /** No program knows the truth in this domain. */
  NoChecker: false,

  // ---- Notices
  /** Whoever is told by a webhook did not take it: tried for a day. */
  WebhookFailed: true,
  WebhookGone: false,
  BadNotice: false,

  // ---- Serving
  /** A local server did not start, or went away. */
  ModelServerFailed: true,
  ModelMissing: false,
  EngineNotConfigured: false,

  // ---- Training: what can heal was tried again within the job, `maxAttempts` times
  'JobFailed.app': false,
  'JobFailed.data': false,
  'JobFailed.reward': false,
  'JobFailed.infra': false,
  'JobFailed.capacity': false,
  JobPreempted: false,
  JobLost: false,
  JobTimedOut: false,
  JobCancelled: false,
  /** The project was stopped; the job's state is saved, and the next worker goes on. */
  JobStopped: true,
  /** The watcher's worker shuts down; the next one adopts the job. */
  WorkerShutdown: true,
  /** The jobKey belongs to a training with another input. */
  JobConflict: false,
  InvalidTrainingInput: false,
  ClusterUnavailable: false,
  ClusterTooSmall: false,
} as const satisfies Record<string, boolean>;

export type FailureType = keyof typeof HEALS;

/** Whether a failure of this type may be tried again; so may one that is not listed. */
export function heals(type: string): boolean {
  return (HEALS as Readonly<Record<string, boolean>>)[type] ?? true;
}
