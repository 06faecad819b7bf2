import { lostOf, NO_VERDICTS, type VerdictCounts } from '../../shared/figures/losses.ts';
import type { TestTimeFigures } from '../../shared/figures/testTime.ts';
import type { TestTimeRecord } from '../../shared/lap/manifest.ts';
import { callsIn } from '../../shared/outcomes.ts';
import type { PoolSearch } from '../../shared/products/search.ts';
import { gainOver, searchFigures, type SearchedProblem } from '../../shared/products/searchFigures.ts';
import { readRefinement } from '../products/readRefinement.ts';
import { readSearch } from '../products/readSearch.ts';
import type { Measuring } from './notes.ts';
import type { SearchedSet } from './testTimeSets.ts';

/** What models did at test time, from the results of their searches. */
export async function testTimeFigures(
  { store, manifest, truth, notes }: Measuring,
  sets: (record: TestTimeRecord) => readonly SearchedSet[],
): Promise<TestTimeFigures[]> {
  const figures: TestTimeFigures[] = [];
  let base: readonly SearchedProblem[] | undefined; // its records come first
  for (const record of manifest.evaluation.testTime ?? []) {
    const { name, model, policy, generator, verifier, results } = record;
    const own = sets(record);
    const sum = (of: (set: SearchedSet) => number) => own.reduce((all, set) => all + of(set), 0);
    const verdicts = own.reduce((all, set) => added(all, set.verdicts), NO_VERDICTS);
    if (truth.checker === undefined && policy.kind === 'pool')
      notes.absent(`testTime.${name}.points.right`, 'no checker knows the true score of newly written proofs');
    figures.push({
      name,
      model,
      generator: generator.sha256,
      verifier: verifier.sha256,
      ...(policy.kind === 'pool'
        ? await searched(record, policy)
        : { refinement: await readRefinement(store, results, policy) }),
      calls: sum(({ counts }) => callsIn(counts)),
      tokens: sum(({ usage }) => usage.promptTokens + usage.completionTokens),
      verdicts: { asked: verdicts.asked, lost: lostOf(verdicts) },
    });
  }
  return figures;

  async function searched(record: TestTimeRecord, policy: PoolSearch) {
    const problems = await readSearch(store, record, truth.checker);
    if (record.model === 'base') base = problems;
    const search = searchFigures(problems, policy);
    return { search, ...(base && base !== problems && { gainOverBase: gainOver(problems, base, policy) }) };
  }
}

const added = (one: VerdictCounts, more: VerdictCounts): VerdictCounts => ({
  asked: one.asked + more.asked,
  unparseable: one.unparseable + more.unparseable,
  truncated: one.truncated + more.truncated,
  refused: one.refused + more.refused,
  scores: one.scores + more.scores,
});
