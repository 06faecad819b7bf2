import { goldIn } from '../../activities/reviews/gold.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { goldFiguresOf, type GoldAnswer, type GoldFigures } from '../../shared/figures/gold.ts';
import { placeOf, setIdOf, uri } from '../../shared/ids.ts';

/** The review sets that questions with known answers are mixed into, each with the dataset that it is about. */
const MIXED = [
  ['coldStart', 'for-experts'],
  ['scaleVerification', 'contested'],
] as const;

/** How people, or a program in their place, answered them, in a lap under way or finished. */
export async function goldFigures(store: ArtifactStore, lap: string): Promise<GoldFigures[]> {
  const log = new ReviewLog(store);
  const answers: GoldAnswer[] = [];
  for (const [phase, name] of MIXED) {
    const at = placeOf(lap, phase);
    for (const [question, { score: known }] of await goldIn(store, uri.dataset(at, name))) {
      const heard = new Set<string>();
      for (const entry of await log.read(setIdOf(at, 'experts'), question)) {
        if (!('verdict' in entry) || heard.has(entry.verdict.annotator)) continue;
        const { annotator, source, score } = entry.verdict;
        heard.add(annotator);
        answers.push({ annotator, source, isRight: score === known });
      }
    }
  }
  return goldFiguresOf(answers);
}
