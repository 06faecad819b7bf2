import { once, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { NoServer } from '../../activities/inference/asker.ts';
import { countJudgeOutage } from '../../activities/metrics/rewards.ts';
import { tooManyLost } from '../../shared/figures/losses.ts';
import type { CheckpointModel } from '../../shared/records.ts';
import { judge, type JudgeQuestion, type Judges } from './judge.ts';
import type { JudgeLosses } from './judgeLosses.ts';
import { Refusal } from './refusal.ts';
import { Together } from './together.ts';

/** First and longest pause before a judge that nobody serves is asked again, milliseconds; doubled in between. Ours. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** Longest that a verdict waits until its judge is proven, milliseconds: for others that may share the proof. Ours. */
const PROOF_MS = 10_000;

/** An item that is judged: its calls are aborted when they are to be made anew. */
export interface Asking {
  calls: AbortController;
}

/**
 * A job's judges: asked until they answer, proven to be the ones that the spec names, stopped where they lose too much.
 */
export class Panel {
  readonly #judges: Judges;
  readonly #losses: JudgeLosses;
  readonly #models: readonly CheckpointModel[];
  readonly #proof: Together;
  readonly #closing = new AbortController();
  readonly #stopping = new AbortController();
  /** Why a judge is served nowhere, if it is not. */
  #nowhere: string | undefined;
  /** Times that an item found its judge served nowhere. */
  outages = 0;

  constructor(judges: Judges, losses: JudgeLosses) {
    this.#judges = judges;
    this.#losses = losses;
    this.#models = Object.values(judges.spec.judges).filter((model) => model !== undefined);
    this.#proof = new Together(() => judges.asker.prove(this.#models), PROOF_MS);
    losses.onCount = () => {
      const lost = tooManyLost(judges.spec.jobKey, losses.verdicts, judges.spec.maxLossShare);
      if (lost !== undefined) this.#stopping.abort(new Refusal(409, lost));
    };
    losses.onCount();
    setMaxListeners(0, this.#closing.signal, this.stopped); // each item that waits listens, and each poll
  }

  /** Aborted, with the refusal that says so, when the judges lose too many verdicts: nothing more is judged. */
  get stopped(): AbortSignal {
    return this.#stopping.signal;
  }

  get verdicts() {
    return this.#losses.verdicts;
  }

  /** Rises with whatever the judges do. */
  get progress(): number {
    return this.#judges.asker.progress;
  }

  /** Why items wait, while a judge does not answer at all. */
  get waiting(): string | undefined {
    const down = this.#judges.asker.waiting(this.#models);
    return down === undefined ? this.#nowhere : `a judge is down since ${down.since}: ${down.last}`;
  }

  close(reason: Error): void {
    this.#closing.abort(reason);
  }

  /** Verdicts, as soon as the judge is served; its calls are made anew as often as somebody asks for that. */
  async ask(question: JudgeQuestion, count: number, asking: Asking): ReturnType<typeof judge> {
    for (let outages = 0; ;) {
      if (this.stopped.aborted) {
        if (!this.#closing.signal.aborted) await once(this.#closing.signal, 'abort');
        throw this.#closing.signal.reason;
      }
      try {
        const judgement = await judge(this.#judges, question, count, asking.calls.signal);
        this.#nowhere = undefined;
        return judgement;
      } catch (error) {
        if (error instanceof AskedAgain) {
          asking.calls = new AbortController();
        } else if (error instanceof NoServer) {
          this.outages += 1;
          countJudgeOutage();
          this.#nowhere = error.message;
          const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** outages);
          outages += 1;
          await sleep(pause, undefined, { signal: this.#closing.signal, ref: false });
        } else throw error;
      }
    }
  }

  /**
   * Resolves when the judges' answers so far are proven to be theirs.
   * @param underWay items that may have to wait for that, this one among them.
   * @throws WrongModel when another model may have given some: then they are taken back.
   */
  async proven(underWay: number): Promise<void> {
    if (this.#judges.asker.isProven(this.#models)) return;
    const proof = this.#proof.join();
    this.proveIfAllWait(underWay);
    await proof;
  }

  proveIfAllWait(underWay: number): void {
    if (this.#proof.waiting >= underWay) this.#proof.hurry();
  }
}

/** Why calls that are under way are given up: somebody wants them to be made anew. */
export class AskedAgain extends Error {}
