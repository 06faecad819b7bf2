import { modelKey } from '../../shared/records.ts';
import type { SampleSetInput } from '../../shared/sampling/sets.ts';
import { rowQuestion, sampleOnce, type RowQuestion } from './samples.ts';
import { runShard, type ShardContext, type ShardDeps, type ShardInput, type ShardResult } from './shard.ts';

export type SampleShardInput = SampleSetInput & ShardInput;

/** Asks for `samplesPerRow` answers to every row of a shard, whatever of it is on the ledger already. */
export async function sampleShard(
  deps: ShardDeps,
  input: SampleShardInput,
  context: ShardContext,
): Promise<ShardResult> {
  const { prompts } = deps;
  const { task, model, samplesPerRow, sampling, seed, attempts } = input;
  const reading = input.maxRevisions === undefined ? {} : { maxRevisions: input.maxRevisions };
  const asked = {
    task,
    model: modelKey(model),
    prompts: prompts.sha256,
    samplesPerRow,
    sampling,
    seed,
    attempts,
    ...reading,
  };
  const about = { by: 'sampleShard', rows: input.rows, models: [model], asked } as const;
  return runShard(deps, input, about, context, async (run, rows) => {
    const keys: (readonly string[])[] = Array.from({ length: rows.length * samplesPerRow });
    const left = rows.map(() => samplesPerRow);
    function* questions(): Generator<{ question: RowQuestion; row: number; sample: number }> {
      for (const [row, content] of rows.entries()) {
        const question = rowQuestion(prompts, content, { task, model, sampling, seed, ...reading });
        for (let sample = 0; sample < samplesPerRow; sample += 1) yield { question, row, sample };
      }
    }
    await run.forEach(questions(), async ({ question, row, sample }) => {
      const malformed = ['unparseable', 'truncated'];
      const sampled = await sampleOnce(run, question, sample, attempts, ({ kind }) => malformed.includes(kind));
      keys[row * samplesPerRow + sample] = sampled.keys;
      left[row] = (left[row] as number) - 1;
      if (left[row] === 0) run.rowDone();
    });
    return { order: keys.flat(), result: {} };
  });
}
