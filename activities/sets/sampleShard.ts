import { votesToAsk, type MaybeScore } from '../../shared/label/autoLabel.ts';
import { modelKey } from '../../shared/records.ts';
import type { SampleSetInput, SetRow } from '../../shared/sampling/sets.ts';
import { rowQuestion, sampleOnce, type RowQuestion } from './samples.ts';
import { runShard, type ShardContext, type ShardDeps, type ShardInput, type ShardResult } from './shard.ts';

export type SampleShardInput = SampleSetInput & ShardInput;

/**
 * Asks for `samplesPerRow` answers to every row of a shard, whatever of it is on the ledger already; of votes no more
 * than decide their majority, each under the seed that it has where all are asked for.
 */
export async function sampleShard(
  deps: ShardDeps,
  input: SampleShardInput,
  context: ShardContext,
): Promise<ShardResult> {
  const { prompts } = deps;
  const { task, model, samplesPerRow, sampling, seed, attempts, decides } = input;
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
    ...(decides && { decides }),
  };
  const about = { by: 'sampleShard', rows: input.rows, models: [model], asked } as const;
  return runShard(deps, input, about, context, async (run, rows) => {
    /** By row and sample. */
    const keys: (readonly string[])[][] = rows.map(() => []);
    const questionOf = (content: SetRow) => rowQuestion(prompts, content, { task, model, sampling, seed, ...reading });
    async function ask(question: RowQuestion, row: number, sample: number): Promise<MaybeScore> {
      const malformed = ['unparseable', 'truncated'];
      const sampled = await sampleOnce(run, question, sample, attempts, ({ kind }) => malformed.includes(kind));
      (keys[row] as (typeof keys)[number])[sample] = sampled.keys;
      return sampled.outcome.kind === 'answered' ? sampled.outcome.score : undefined;
    }

    if (decides) {
      await run.forEach(rows.entries(), async ([row, content]) => {
        const question = questionOf(content);
        const votes: MaybeScore[] = [];
        for (let more = votesToAsk(decides, votes); more > 0; more = votesToAsk(decides, votes)) {
          const from = votes.length;
          votes.push(
            ...(await Promise.all(Array.from({ length: more }, (_, vote) => ask(question, row, from + vote)))),
          );
        }
        run.rowDone();
      });
      return { order: keys.flat(2), result: {} };
    }

    const left = rows.map(() => samplesPerRow);
    function* questions(): Generator<{ question: RowQuestion; row: number; sample: number }> {
      for (const [row, content] of rows.entries()) {
        const question = questionOf(content);
        for (let sample = 0; sample < samplesPerRow; sample += 1) yield { question, row, sample };
      }
    }
    await run.forEach(questions(), async ({ question, row, sample }) => {
      await ask(question, row, sample);
      left[row] = (left[row] as number) - 1;
      if (left[row] === 0) run.rowDone();
    });
    return { order: keys.flat(2), result: {} };
  });
}
