import { addUsage, NO_USAGE, type Outcome, type Usage } from '../../shared/outcomes.ts';
import { modelKey } from '../../shared/records.ts';
import { spentIn } from '../../shared/products/caps.ts';
import { costOf, type Caps, type KindSpent, type Prices, type SetCaps } from '../../shared/sampling/caps.ts';
import { onAbort } from '../inference/onAbort.ts';
import { tokensOf } from '../inference/tokens.ts';
import type { ModelCall } from '../inference/types.ts';
import { kindId, SpentSum } from './spent.ts';

/** All that the sets of a place may take together is taken; what is paid for is on the ledgers. */
export class CapReached extends Error {
  override readonly name = 'CapReached';
}

/** Money is capped, and what a model's tokens cost is not known. */
class BadSetInput extends Error {
  override readonly name = 'BadSetInput';
}

/** Calls of a kind whose mean tells what another will take; before, what it may take at most does. Ours. */
const CALLS_OF_A_MEAN = 8;

/** Calls under way of one model for one task, and what they may take at most. */
interface UnderWay {
  readonly model: string;
  calls: number;
  /** Of them, those that are on a ledger already, and are not counted twice. */
  again: number;
  most: Usage;
}

interface Waiting {
  readonly caps: SetCaps;
  readonly call: ModelCall;
  readonly again: boolean;
  readonly admit: (release: () => void) => void;
  readonly refuse: (error: Error) => void;
}

/**
 * What the sets of a place take together, and may: before each call that is to be paid for it is asked. It holds for
 * the shards of one process; two processes that ask for one place at the same time do not know of each other's calls.
 *
 * A call counts as 1 call from before it is sent, so that calls are never more than their cap; in tokens and money as
 * the mean of the calls of its kind before it, so that they are exceeded by no more than the calls in flight differ
 * from that. One that does not fit beside the calls in flight waits for what they come to; one that does not fit when
 * there is none ends all that are asked under these caps: nothing in flight is ever lost to a cap.
 */
export class Budget {
  readonly #spent: SpentSum;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #waiting = new Set<Waiting>();
  #idle: (() => void)[] = [];
  /** Caps that were reached: nothing more is asked under them. */
  readonly #reached = new Map<string, CapReached>();

  /** @param spent before, by all sets of the place. */
  constructor(spent = new SpentSum()) {
    this.#spent = spent;
  }

  get spent(): readonly KindSpent[] {
    return this.#spent.kinds;
  }

  /** Counts what is written to a ledger. */
  add(outcome: Outcome, again: boolean): void {
    this.#spent.add(outcome, again);
  }

  /**
   * Resolves when the call may be made.
   * @param again whether it is on a ledger already, as one that failed.
   * @returns what ends it, once its outcome was added or there will be none.
   * @throws CapReached; BadSetInput where a price is missing; the signal's reason.
   */
  reserve(caps: SetCaps, call: ModelCall, again: boolean, signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const reached = this.#reached.get(textOf(caps));
      if (reached !== undefined || signal?.aborted === true) {
        reject(reached ?? (signal?.reason as Error));
        return;
      }
      const settle = () => {
        this.#waiting.delete(waiting);
        forget();
      };
      const waiting: Waiting = {
        caps,
        call,
        again,
        admit: (release) => {
          settle();
          resolve(release);
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      };
      const forget = onAbort(signal, () => {
        waiting.refuse(signal?.reason as Error);
        this.#pump();
      });
      this.#waiting.add(waiting);
      this.#pump();
    });
  }

  /** Resolves when no call waits: more of them would only wait, too. @throws the signal's reason. */
  ready(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => reject(signal.reason as Error));
      this.#idle.push(() => {
        forget();
        resolve();
      });
    });
  }

  /** Its shards have ended: the same caps may be tried again. */
  rest(): void {
    this.#reached.clear();
  }

  #pump(): void {
    for (const waiting of this.#waiting) {
      try {
        const over = this.#over(waiting);
        if (over === undefined) waiting.admit(this.#begin(waiting));
        else if (this.#inFlight === 0) this.#end(waiting.caps, over);
      } catch (error) {
        waiting.refuse(error as Error);
      }
    }
    if (this.#waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  get #inFlight(): number {
    let sum = 0;
    for (const { calls } of this.#underWay.values()) sum += calls;
    return sum;
  }

  #begin({ call, again }: Waiting): () => void {
    const id = kindOf(call);
    const known = this.#underWay.get(id) ?? { model: modelKey(call.model), calls: 0, again: 0, most: NO_USAGE };
    this.#underWay.set(id, known);
    const most = mostOf(call);
    known.calls += 1;
    known.again += again ? 1 : 0;
    known.most = addUsage(known.most, most);
    return () => {
      known.calls -= 1;
      known.again -= again ? 1 : 0;
      known.most = addUsage(known.most, times(most, -1));
      this.#pump();
    };
  }

  /** The cap that the call would go over, in words. */
  #over({ caps, call, again }: Waiting): string | undefined {
    const kinds = this.spent;
    if (caps.calls !== undefined) {
      const begun = [...this.#underWay.values()].reduce((sum, { calls, again: known }) => sum + calls - known, 0);
      const calls = spentIn(kinds).calls + begun;
      if (calls + (again ? 0 : 1) > caps.calls) return `${caps.calls} calls`;
    }
    if (caps.tokens === undefined && caps.cost === undefined) return undefined;
    const means = new Map(kinds.filter(isMean).map((each) => [kindId(each), times(each.usage, 1 / each.calls)]));
    const ahead = [...this.#underWay].map(([id, { model, calls, most }]) => {
      const mean = means.get(id);
      return { model, usage: mean === undefined ? most : times(mean, calls) };
    });
    const wanted = { model: modelKey(call.model), usage: means.get(kindOf(call)) ?? mostOf(call) };
    const all = [...kinds, ...ahead, wanted];
    if (caps.tokens !== undefined && all.reduce((sum, { usage }) => sum + tokensIn(usage), 0) > caps.tokens)
      return `${caps.tokens} tokens`;
    if (caps.cost !== undefined && all.reduce((sum, each) => sum + costIn(each, caps), 0) > caps.cost)
      return `a cost of ${caps.cost}`;
    return undefined;
  }

  #end(caps: SetCaps, cap: string): void {
    const { calls, usage, cost } = spentIn(this.spent, caps.prices);
    const money = cost === null || caps.cost === undefined ? '' : ` and ${Number(cost.toPrecision(4))} in money`;
    const reached = new CapReached(
      `Expected the sets of ${caps.place} to take at most ${cap} together, and another call would be more: they have ` +
        `taken ${calls} calls, ${tokensIn(usage)} tokens${money}. All of it is kept; under a greater cap they go on`,
    );
    this.#reached.set(textOf(caps), reached);
    for (const waiting of this.#waiting) if (textOf(waiting.caps) === textOf(caps)) waiting.refuse(reached);
  }
}

const textOf = ({ calls, tokens, cost, prices }: Caps & { readonly prices?: Prices | undefined }) =>
  JSON.stringify([calls, tokens, cost, prices]);

const kindOf = ({ model, task }: ModelCall) => kindId({ model: modelKey(model), task });

const isMean = ({ calls }: KindSpent): boolean => calls >= CALLS_OF_A_MEAN;

const tokensIn = ({ promptTokens, completionTokens }: Usage): number => promptTokens + completionTokens;

function costIn({ model, usage }: { readonly model: string; readonly usage: Usage }, caps: SetCaps): number {
  const price = caps.prices?.[model];
  if (price !== undefined) return costOf(usage, price);
  throw new BadSetInput(
    `Expected caps.prices to have a price of ${model}, which a set below ${caps.place} asks, got none: without it ` +
      'money cannot be capped',
  );
}

const times = ({ promptTokens, completionTokens, cachedPromptTokens = 0 }: Usage, factor: number): Usage => ({
  promptTokens: promptTokens * factor,
  completionTokens: completionTokens * factor,
  cachedPromptTokens: cachedPromptTokens * factor,
});

/** What a call takes at most, as far as its prompt's tokens can be guessed. */
function mostOf(call: ModelCall): Usage {
  const { prompt, answer } = tokensOf(call);
  return { promptTokens: prompt, completionTokens: answer };
}
