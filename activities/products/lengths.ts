import { prefixOf, PRODUCTS, uri } from '../../shared/ids.ts';
import type { Task } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { readSealed } from '../ledger/sealedLedger.ts';
import { promptTextsNamed } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What is known of the lengths of prompts and answers before a product starts. */

/** Rows whose prompts are looked at. Ours: a mean over more is no other. */
const MOST_ROWS = 1_000;
/** Finished shards that are read of a model and task, and files of the ledgers that are looked at for them. Ours. */
const MOST_SHARDS = 8;
const MOST_FILES = 20_000;

/**
 * Mean tokens of the prompts of tasks about these rows, without the texts of models that they show.
 * @param tokens of a text.
 */
export async function promptTokens(
  store: ArtifactStore,
  prompts: string,
  tasks: readonly Task[],
  rows: AsyncIterable<Pick<SetRow, 'problem' | 'proof' | 'analysis'>>,
  tokens: (text: string) => number,
): Promise<ReadonlyMap<Task, number>> {
  const set = await promptTextsNamed(store, prompts);
  const sums = new Map(tasks.map((task) => [task, 0]));
  let count = 0;
  for await (const { problem, proof = '', analysis = '' } of rows) {
    for (const [task, sum] of sums) {
      const messages = set.render(task, { problem: problem.statement, proof, analysis });
      sums.set(task, sum + messages.reduce((all, { content }) => all + tokens(content), 0));
    }
    count += 1;
    if (count === MOST_ROWS) break;
  }
  return new Map(Array.from(sums, ([task, sum]) => [task, sum / Math.max(1, count)]));
}

/** How a model answered for a task. */
export interface Answered {
  readonly calls: number;
  /** Means over its answers: tokens, thinking included, and characters without it. */
  readonly completionTokens: number;
  readonly characters: number;
  /** Of one call among those in flight. */
  readonly tokensPerSecond: number;
}

/**
 * How a model answered in earlier products, by task, as their ledgers say.
 * @param model its `modelKey`.
 */
export async function answeredBefore(store: ArtifactStore, model: string): Promise<ReadonlyMap<Task, Answered>> {
  const found = new Map<Task, { shards: number; calls: number; tokens: number; characters: number; ms: number }>();
  let looked = 0;
  for (const kind of PRODUCTS)
    for await (const at of store.list(prefixOf(uri.ledger(kind)))) {
      looked += 1;
      if (looked > MOST_FILES) break;
      if (!at.endsWith('.result.json')) continue;
      const { plan } = await store.readJson<{ readonly plan: { readonly model?: string; readonly task?: Task } }>(at);
      const { task } = plan;
      if (plan.model !== model || task === undefined) continue;
      const sum = found.get(task) ?? { shards: 0, calls: 0, tokens: 0, characters: 0, ms: 0 };
      const sealed = at.replace(/\.result\.json$/, '.jsonl.gz');
      if (sum.shards === MOST_SHARDS || (await store.stat(sealed)) === undefined) continue;
      for await (const { usage, text = '', latencyMs } of readSealed(store, sealed)) {
        if (usage === undefined) continue;
        sum.calls += 1;
        sum.tokens += usage.completionTokens;
        sum.characters += text.length;
        sum.ms += latencyMs;
      }
      found.set(task, { ...sum, shards: sum.shards + 1 });
    }
  return new Map(
    [...found].flatMap(([task, { calls, tokens, characters, ms }]): [Task, Answered][] =>
      calls === 0 || ms === 0
        ? []
        : [
            [
              task,
              {
                calls,
                completionTokens: tokens / calls,
                characters: characters / calls,
                tokensPerSecond: (1000 * tokens) / ms,
              },
            ],
          ],
    ),
  );
}
