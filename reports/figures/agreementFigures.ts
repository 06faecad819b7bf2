import { ReviewLog } from '../../activities/reviews/log.ts';
import { expertAgreementOf, type Answered, type ExpertAgreement } from '../../shared/figures/expertAgreement.ts';
import { standingEntries } from '../../shared/review/late.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import type { Measuring } from './notes.ts';

/** How far people had agreed on a lap's questions when it ended; undefined where no question has two people's scores. */
export async function agreementFigures({ store, manifest }: Measuring): Promise<ExpertAgreement | undefined> {
  const { reviews, recipe, endedAt } = manifest;
  if (recipe.domain.experts !== 'people') return undefined;
  const log = new ReviewLog(store);
  const questions: Answered[] = [];
  for (const { setId, kind, results } of reviews)
    for (const { id } of await store.readRows<ReviewRow>(results)) {
      const said = (await log.history(setId, id)).filter(({ at }) => at <= endedAt);
      questions.push({ kind: kind ?? 'scoreProof', entries: standingEntries(said) });
    }
  const agreement = expertAgreementOf(questions);
  return agreement.proofs.questions + agreement.analyses.questions > 0 ? agreement : undefined;
}
