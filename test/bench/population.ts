import { createReadStream } from 'node:fs';
import * as z from 'zod';
import { linesOf } from '../../activities/store/lines.ts';
import { syntheticPopulation, type ProofOutcomes } from '../../shared/label/population.ts';

const score = z.union([z.literal(0), z.literal(0.5), z.literal(1)]).nullable();
const analysis = z.object({ score, metaScores: z.array(score).optional(), metas: z.array(score).optional() });
const proof = z.union([z.object({ analyses: z.array(analysis) }), z.array(analysis)]);

/**
 * Proofs' outcomes: the synthetic population of a seed, or a file's. Of a file, the first n analyses of a line and the
 * first m metas of an analysis are used; what a line lacks was never answered.
 * @throws with the line's number when it is not a proof's outcomes.
 */
export async function* populationOf(
  file: string | undefined,
  sizes: { readonly n: number; readonly m: number; readonly proofs: number; readonly seed: number },
): AsyncGenerator<ProofOutcomes> {
  const { n, m } = sizes;
  if (file === undefined) {
    yield* syntheticPopulation({
      proofs: sizes.proofs,
      analysesPerProof: n,
      metaAnalysesPerAnalysis: m,
      seed: sizes.seed,
    });
    return;
  }
  for await (const line of linesOf(createReadStream(file))) {
    if (line.bytes.length === 0) continue;
    const parsed = proof.safeParse(parseLine(line.bytes, file, line.number));
    if (!parsed.success)
      throw new Error(
        `Expected line ${line.number} of ${file} to be a proof's outcomes, {"analyses": [{"score", ` +
          `"metaScores"}]}: ${z.prettifyError(parsed.error)}`,
      );
    const given = Array.isArray(parsed.data) ? parsed.data : parsed.data.analyses;
    yield {
      analyses: Array.from({ length: n }, (_, index) => {
        const { score: found = null, metaScores, metas } = given[index] ?? {};
        const votes = metaScores ?? metas ?? [];
        return {
          score: found,
          metaScores: found === 0 || found === 0.5 ? Array.from({ length: m }, (__, vote) => votes[vote] ?? null) : [],
        };
      }),
    };
  }
}

function parseLine(bytes: Buffer, file: string, number: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new Error(`Expected line ${number} of ${file} to be JSON: ${(error as Error).message}`, { cause: error });
  }
}
