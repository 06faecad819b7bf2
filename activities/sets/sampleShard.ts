import { votesToAsk, type MaybeScore } from '../../shared/label/autoLabel.ts';
import { betterHalf, rungsOf, verdictsToAsk } from '../../shared/products/reach.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import { modelKey } from '../../shared/records.ts';
import type { SampleSetInput, SetRow } from '../../shared/sampling/sets.ts';
import { rowQuestion, sampleOnce, SHARES_FROM, type RowQuestion } from './samples.ts';
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
    async function ask(question: RowQuestion, row: number, sample: number, atOnce: number): Promise<MaybeScore> {
      const again = ({ kind }: Outcome): boolean => kind !== 'answered';
      const sampled = await sampleOnce(run, question, sample, { attempts, again, atOnce });
      (keys[row] as (typeof keys)[number])[sample] = sampled.keys;
      return sampled.outcome.kind === 'answered' ? sampled.outcome.score : undefined;
    }

    const more = votesNext(input);
    if (more) {
      const askRow = async ([row, content]: readonly [number, SetRow]): Promise<void> => {
        const question = questionOf(content);
        const votes: MaybeScore[] = [];
        for (let count = more(votes); count > 0; count = more(votes)) {
          const from = votes.length;
          votes.push(
            ...(await Promise.all(Array.from({ length: count }, (_, vote) => ask(question, row, from + vote, count)))),
          );
        }
        run.rowDone();
      };
      await run.forEach(rows.entries(), askRow, more([]));
      return { order: keys.flat(2), result: {} };
    }

    if (halves) {
      let rest = rows.map((content, row) => ({ row, question: questionOf(content), scores: [] as MaybeScore[] }));
      let from = 0;
      for (const upTo of rungsOf(samplesPerRow)) {
        const samples = Array.from({ length: upTo - from }, (_, at) => from + at);
        const askAll = async ({ question, row, scores }: (typeof rest)[number]): Promise<void> => {
          const came = await Promise.all(samples.map((sample) => ask(question, row, sample, samples.length)));
          scores.push(...came);
        };
        await run.forEach(rest, askAll, samples.length);
        rest = betterHalf(rest);
        from = upTo;
      }
      for (const _ of rows) run.rowDone();
      return { order: keys.flat(2), result: {} };
    }

    const left = rows.map(() => samplesPerRow);
    // Samples that share a prompt are asked for together.
    const together = samplesPerRow < SHARES_FROM ? 1 : Math.min(samplesPerRow, MOST_TOGETHER);
    function* questions(): Generator<{ question: RowQuestion; row: number; samples: readonly number[] }> {
      for (const [row, content] of rows.entries()) {
        const question = questionOf(content);
        for (let from = 0; from < samplesPerRow; from += together) {
          const length = Math.min(together, samplesPerRow - from);
          yield { question, row, samples: Array.from({ length }, (_, sample) => from + sample) };
        }
      }
    }
    await run.forEach(
      questions(),
      async ({ question, row, samples }) => {
        await Promise.all(samples.map((sample) => ask(question, row, sample, samples.length)));
        left[row] = (left[row] as number) - samples.length;
        if (left[row] === 0) run.rowDone();
      },
      together,
    );
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

/** Samples of a row that are asked for at once, for the memory's sake. Ours. */
const MOST_TOGETHER = 256;
