import { votesToAsk, type MaybeScore } from '../../shared/label/autoLabel.ts';
import { betterHalf, rungsOf, verdictsToAsk } from '../../shared/products/reach.ts';
import { modelKey } from '../../shared/records.ts';
import type { SampleSetInput, SetRow } from '../../shared/sampling/sets.ts';
import { rowQuestion, sampleOnce, type RowQuestion } from './samples.ts';
import { runShard, type ShardContext, type ShardDeps, type ShardInput, type ShardResult } from './shard.ts';

export type SampleShardInput = SampleSetInput & ShardInput;

/**
 * Asks for `samplesPerRow` answers to every row of a shard, whatever of it is on the ledger already; of votes no more
 * than decide what they are asked for, each under the seed that it has where all are asked for.
 */
export async function sampleShard(
  deps: ShardDeps,
  input: SampleShardInput,
  context: ShardContext,
): Promise<ShardResult> {
  const { prompts } = deps;
  const { task, model, samplesPerRow, sampling, seed, attempts, decides, leastMean, halves } = input;
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
    ...(leastMean !== undefined && { leastMean }),
    ...(halves && { halves }),
  };
  const about = { by: 'sampleShard', rows: input.rows, models: [model], asked } as const;
  return runShard(deps, input, about, context, async (run, rows) => {
    /** By row and sample. */
    const keys: (readonly string[])[][] = rows.map(() => []);
    const questionOf = (content: SetRow) => rowQuestion(prompts, content, { task, model, sampling, seed, ...reading });
    async function ask(question: RowQuestion, row: number, sample: number): Promise<MaybeScore> {
      const sampled = await sampleOnce(run, question, sample, attempts, ({ kind }) => kind !== 'answered');
      (keys[row] as (typeof keys)[number])[sample] = sampled.keys;
      return sampled.outcome.kind === 'answered' ? sampled.outcome.score : undefined;
    }

    const more = votesNext(input);
    if (more) {
      await run.forEach(rows.entries(), async ([row, content]) => {
        const question = questionOf(content);
        const votes: MaybeScore[] = [];
        for (let count = more(votes); count > 0; count = more(votes)) {
          const from = votes.length;
          votes.push(
            ...(await Promise.all(Array.from({ length: count }, (_, vote) => ask(question, row, from + vote)))),
          );
        }
        run.rowDone();
      });
      return { order: keys.flat(2), result: {} };
    }

    if (halves) {
      let rest = rows.map((content, row) => ({ row, question: questionOf(content), scores: [] as MaybeScore[] }));
      let from = 0;
      for (const upTo of rungsOf(samplesPerRow)) {
        const calls = rest.flatMap((one) =>
          Array.from({ length: upTo - from }, (_, at) => ({ ...one, sample: from + at })),
        );
        await run.forEach(calls, async ({ question, row, scores, sample }) => {
          scores[sample] = await ask(question, row, sample);
        });
        rest = betterHalf(rest);
        from = upTo;
      }
      for (const _ of rows) run.rowDone();
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

/** How many more votes to ask for, where a row is not asked for all at once. */
function votesNext({ decides, leastMean, samplesPerRow }: SampleSetInput) {
  if (decides) return (votes: readonly MaybeScore[]) => votesToAsk(decides, votes);
  if (leastMean === undefined) return undefined;
  const reach = { analyses: samplesPerRow, leastMean };
  return (scores: readonly MaybeScore[]) => verdictsToAsk(reach, scores);
}
