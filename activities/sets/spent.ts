import { prefixOf, uri } from '../../shared/ids.ts';
import { addUsage, NO_USAGE, type Outcome, type Usage } from '../../shared/outcomes.ts';
import type { KindSpent } from '../../shared/sampling/caps.ts';
import { guessedTokens } from '../inference/tokens.ts';
import { OUTCOMES } from '../ledger/ledger.ts';
import { readSealed } from '../ledger/sealedLedger.ts';
import { readJournal } from '../store/journal.ts';
import type { ArtifactStore } from '../store/types.ts';

/** Of a shard's stored result. */
export interface ToldSpent {
  /** What all calls on its ledger took; absent where nothing was capped. */
  readonly spent?: readonly KindSpent[] | undefined;
}

/** What calls took, by model and task: each call once, however often it was asked for; of none that was taken over. */
export class SpentSum {
  readonly #kinds = new Map<string, KindSpent>();

  /** @param again whether its call is in the sum already. */
  add(outcome: Outcome, again: boolean): void {
    const { model, task, takenFrom } = outcome;
    if (takenFrom === undefined) this.addKind({ model, task, calls: again ? 0 : 1, usage: usageOf(outcome) });
  }

  addKind(more: KindSpent): void {
    const id = kindId(more);
    const { calls, usage } = this.#kinds.get(id) ?? { calls: 0, usage: NO_USAGE };
    this.#kinds.set(id, { ...more, calls: calls + more.calls, usage: addUsage(usage, more.usage) });
  }

  get kinds(): readonly KindSpent[] {
    return [...this.#kinds.values()];
  }
}

export const kindId = ({ model, task }: Pick<KindSpent, 'model' | 'task'>) => `${task} ${model}`;

/** Where the server did not tell, the tokens of the answer by its characters. */
function usageOf({ usage, text = '', thinking = '' }: Outcome): Usage {
  const guessed = guessedTokens(text.length + thinking.length);
  return usage ?? { promptTokens: 0, completionTokens: guessed };
}

/**
 * What the sets below a place have taken, by what stands on their ledgers: also of shards that are under way, and calls
 * that a changed plan has no use for.
 */
export async function spentBelow(store: ArtifactStore, place: string): Promise<SpentSum> {
  const sum = new SpentSum();
  let open: string | undefined;
  for await (const at of store.list(prefixOf(uri.ledger(place)))) {
    if (/\/shard-\d+\.jsonl$/.test(at)) {
      open = at;
      await addLines(sum, outcomesIn(store, at));
    } else if (/\/shard-\d+\.jsonl\.gz$/.test(at) && at !== `${open}.gz`) await addSealed(store, at, sum);
  }
  return sum;
}

/** A finished shard's result says what it took; one that it does not belong to was written before its ledger. */
async function addSealed(store: ArtifactStore, sealed: string, sum: SpentSum): Promise<void> {
  const result = sealed.replace(/\.jsonl\.gz$/, '.result.json');
  const [ended, told] = await Promise.all([store.stat(sealed), store.stat(result)]);
  const isOf = ended !== undefined && told !== undefined && told.changedAt >= ended.changedAt;
  const spent = isOf ? (await store.readJson<ToldSpent>(result)).spent : undefined;
  if (spent === undefined) await addLines(sum, readSealed(store, sealed));
  else for (const kind of spent) sum.addKind(kind);
}

async function* outcomesIn(store: ArtifactStore, ledger: string): AsyncGenerator<Outcome> {
  for await (const { value } of readJournal(store, ledger, OUTCOMES)) yield value;
}

async function addLines(sum: SpentSum, outcomes: AsyncIterable<Outcome>): Promise<void> {
  const keys = new Set<string>();
  for await (const outcome of outcomes) {
    sum.add(outcome, keys.has(outcome.key));
    keys.add(outcome.key);
  }
}
