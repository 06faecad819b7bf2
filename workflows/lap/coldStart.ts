import type { OpenedLap } from '../../activities/laps/open.ts';
import type { SetRecord } from '../../shared/lap/manifest.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { seedOf } from '../../shared/seeds.ts';
import { sampler } from '../sets/sampler.ts';
import { askExperts } from '../reviews/askExperts.ts';
import { askingOf } from './asking.ts';
import { placeOf, setIdOf, uri } from '../../shared/ids.ts';
import { data } from '../proxies.ts';

export interface ColdStartResult {
  /** D_v. */
  readonly proofScores: { readonly train: DatasetRef; readonly validation: DatasetRef };
  readonly sets: readonly SetRecord[];
  readonly review: ReviewSetResult;
}

/** Step 1A: proofs of a weak model, improved over several rounds, scored by experts: D_v (paper 2.1). */
export async function coldStart({ opened }: { opened: OpenedLap }): Promise<ColdStartResult> {
  const { lap, recipe, problems, base } = opened;
  const { coldStart: sizes } = recipe;
  const place = placeOf(lap, 'coldStart');
  const seed = seedOf(opened.seed, 'cold start');
  const { sample, sets } = sampler(askingOf(opened, 'coldStart'), { role: 'candidate', checkpoint: base });

  // Problems across topics, and the weak model's first drafts.
  const asked = await data.chooseProblems({
    to: uri.dataset(place, 'problems'),
    problems: [problems.train, problems.validation],
    count: sizes.problems,
    seed,
  });
  const drafts = await sample('draft', asked, { task: 'prove', perRow: sizes.candidatesPerProblem });
  const rounds = [
    await data.collectProofs({
      to: uri.dataset(place, 'round-0'),
      setId: drafts.setId,
      rows: asked,
      task: 'prove',
      round: 0,
      series: 'r0',
    }),
  ];

  // "Multiple rounds": the model analyses its latest proofs and writes better ones.
  for (let round = 1; round <= sizes.refinementRounds; round += 1) {
    const latest = rounds.at(-1) as DatasetRef;
    const analyses = await sample(`analyses-${round}`, latest, { task: 'verify' });
    const pairs = await data.pairWithAnalyses({
      to: uri.dataset(place, `pairs-${round}`),
      proofs: latest,
      setId: analyses.setId,
    });
    const refined = await sample(`refined-${round}`, pairs, { task: 'refine' });
    rounds.push(
      await data.collectProofs({
        to: uri.dataset(place, `round-${round}`),
        setId: refined.setId,
        rows: pairs,
        task: 'refine',
        round,
        series: `r${round}`,
      }),
    );
  }

  // A subset of diverse proofs; experts score each.
  const subject = await data.chooseForExperts({
    to: uri.dataset(place, 'for-experts'),
    candidates: rounds,
    count: sizes.expertProofs,
    seed,
  });
  const review = await askExperts(opened, { setId: setIdOf(place, 'experts'), kind: 'scoreProof', subject });
  const proofScores = await data.recordProofScores({
    lap,
    subject,
    results: review.results,
    validation: problems.validation,
  });
  return { proofScores, sets, review };
}
