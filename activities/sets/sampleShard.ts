import { modelKey } from '../../shared/records.ts';
import type { SampleSetInput, SetRow } from '../../shared/sampling/sets.ts';
import type { PromptSet } from '../store/promptSets.ts';
import { readShardRows } from './shards.ts';
import { rowQuestion, sampleOnce } from './samples.ts';
import {
  forEachReady,
  runShard,
  type ShardContext,
  type ShardDeps,
  type ShardInput,
  type ShardResult,
} from './shard.ts';

export type SampleShardInput = SampleSetInput & ShardInput;

/** Asks for `samplesPerRow` answers to every row of a shard, whatever of it is on the ledger already. */
export async function sampleShard(
  deps: ShardDeps & { readonly prompts: PromptSet },
  input: SampleShardInput,
  context: ShardContext,
): Promise<ShardResult> {
  const { setId, shard, task, model, samplesPerRow, sampling, seed, attempts, stopToken } = input;
  const rows = await readShardRows(deps.store, setId, shard);
  const queue = deps.servers.of(model);
  queue.limitTo(input.engine.maxConcurrency);
  const plan = {
    task,
    model: modelKey(model),
    prompts: deps.prompts.sha256,
    samplesPerRow,
    sampling,
    seed,
    attempts,
    rows: input.rows.sha256,
    shardRows: input.engine.shardRows,
  };
  return runShard(deps, { setId, shard, stopToken, rows: rows.length, plan }, context, async (run) => {
    const keys: (readonly string[])[] = Array.from({ length: rows.length * samplesPerRow });
    const left = rows.map(() => samplesPerRow);
    const questions = questionsOf(rows, samplesPerRow, (row) =>
      rowQuestion({ row: row.id, seed, task, model, sampling, messages: renderRow(deps.prompts, task, row) }),
    );
    await forEachReady(
      questions,
      () => queue.ready(run.signal),
      async ({ question, row, sample }) => {
        const sampled = await sampleOnce(
          run,
          question,
          sample,
          attempts,
          ({ kind }) => kind === 'unparseable' || kind === 'truncated',
        );
        keys[row * samplesPerRow + sample] = sampled.keys;
        left[row] = (left[row] as number) - 1;
        if (left[row] === 0) run.rowDone();
      },
    );
    return { order: keys.flat(), result: {} };
  });
}

function* questionsOf<Q>(
  rows: readonly SetRow[],
  samplesPerRow: number,
  questionOf: (row: SetRow) => Q,
): Generator<{ question: Q; row: number; sample: number }> {
  for (const [row, content] of rows.entries()) {
    const question = questionOf(content);
    for (let sample = 0; sample < samplesPerRow; sample += 1) yield { question, row, sample };
  }
}

/** @throws with the row's id when the row lacks what its task's prompt needs. */
export function renderRow(
  prompts: PromptSet,
  task: SampleSetInput['task'],
  { id, problem, ...texts }: SetRow,
): ReturnType<PromptSet['render']> {
  try {
    return prompts.render(task, { ...texts, problem: problem.statement });
  } catch (error) {
    throw new BadRow(`Row ${JSON.stringify(id)}: ${(error as Error).message}`, { cause: error });
  }
}

/** A row that no retry can mend. */
export class BadRow extends Error {
  override readonly name = 'BadRow';
}
