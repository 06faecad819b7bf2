import type { OpenedLap } from '../../activities/laps/open.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { isPaced } from '../../shared/review/pace.ts';
import { seedOf } from '../../shared/seeds.ts';
import { data } from '../proxies.ts';
import { place } from './place.ts';

/** Step 1A: proofs of a weak model, improved over several rounds, scored by experts: D_v (paper 2.1). */
export async function coldStart({ opened }: { opened: OpenedLap }) {
  const { lap, recipe, problems, base } = opened;
  const { coldStart: sizes } = recipe;
  const at = place(opened, 'coldStart', { candidate: base });
  const seed = seedOf(opened.seed, 'cold start');

  // Problems across topics, and the weak model's first drafts.
  const asked = await data.chooseProblems({
    to: at.dataset('problems'),
    problems: [problems.train, problems.validation],
    count: sizes.problems,
    seed,
  });
  const drafts = await at.sample('draft', asked);
  const rounds = [
    await data.collectProofs({ to: at.dataset('round-0'), setId: drafts.setId, rows: asked, round: 0, series: 'r0' }),
  ];

  // "Multiple rounds": the model analyses its latest proofs and writes better ones. Where it can do neither, experts
  // score what there is.
  const analysed: string[] = [];
  for (let round = 1; round <= sizes.refinementRounds; round += 1) {
    const latest = rounds.at(-1) as DatasetRef;
    const analyses = await at.sample(`analyses-${round}`, latest, { mayFail: true });
    analysed.push(analyses.setId);
    const pairs = await data.pairWithAnalyses({
      to: at.dataset(`pairs-${round}`),
      proofs: latest,
      setId: analyses.setId,
    });
    const refined = await at.sample(`refined-${round}`, pairs, { mayFail: true });
    rounds.push(
      await data.collectProofs({
        to: at.dataset(`round-${round}`),
        setId: refined.setId,
        rows: pairs,
        round,
        series: `r${round}`,
      }),
    );
  }

  // A subset of diverse proofs; experts score each.
  const subject = await data.chooseForExperts({
    to: at.dataset('for-experts'),
    candidates: rounds,
    count: sizes.expertProofs,
    seed,
    gold: recipe.experts.gold,
    ...(isPaced(recipe.experts) && { teaching: analysed }),
  });
  const review = await at.review('experts', subject);
  const proofScores = await data.recordProofScores({
    lap,
    subject,
    results: review.results,
    validation: problems.validation,
  });
  return { proofScores, sets: at.sets, review };
}
