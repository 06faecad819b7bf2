import type { Usage } from '../outcomes.ts';
import type { Amounts } from './amounts.ts';
import type { PhaseName } from './phases.ts';

/** A phase's plan in the few numbers that a lap shows while it runs. */
export interface PlanHeadline extends Pick<Amounts, 'calls' | 'tokens' | 'cost' | 'expertMinutes'> {
  readonly phase: PhaseName;
  /** Of training and of inference. */
  readonly hours: number;
}

/** Name of the query by which a lap says how far it is. */
export const PROGRESS_QUERY = 'progress';

/** The answer of a lap's `progress` query: what the live view of the terminal shows. */
export interface LapProgress {
  /** `<run>/lap-NNNN`; absent until it is allocated. */
  readonly lap?: string;
  /** The lap that it mends, and takes over from. */
  readonly mends?: string | undefined;
  /** The phase under way. */
  readonly phase: PhaseName;
  /** Place of the phase among all phases of this lap, counted from 1. */
  readonly phaseIndex: number;
  readonly phases: number;
  /** Optimizer steps of the training under way, where one is. */
  readonly step?: number;
  readonly steps?: number;
  /** How long its last step took. */
  readonly stepSeconds?: number;
  /** ISO time since which it waits in a cluster's queue, while it does. */
  readonly queuedSince?: string;
  /** Why it waits, or what is wrong with where it runs, in the cluster's words. */
  readonly clusterSays?: string;
  /**
   * Model calls of the set under way, where one is: outcomes on the ledger, and the planned number (an upper bound
   * where labels stop early).
   */
  readonly callsDone?: number;
  readonly callsPlanned?: number;
  /** Calls, and their tokens, of shards under way: no result on record counts them yet. */
  readonly underWay?: { readonly calls: number } & Usage;
  /** Mean reward of the last step. */
  readonly reward?: number;
  /** Share of its groups in which every reward was equal. */
  readonly flatGroupShare?: number;
  /** ISO time at which the lap started, and the phase. */
  readonly startedAt: string;
  readonly phaseStartedAt?: string;
  /** Questions that wait for a person. */
  readonly waitingForExperts?: number;
  /** While no server of a model answers: since when, ISO 8601, and what was heard last. */
  readonly waitingForServers?: { readonly since: string; readonly last: string };
  /** What a person should look at: of sets with few answers, of trainings that taught nothing. */
  readonly warnings?: readonly string[];
  /** What each phase is expected to take. */
  readonly plan?: readonly PlanHeadline[];
}
