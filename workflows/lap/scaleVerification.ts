import type { OpenedLap } from '../../activities/laps/open.ts';
import { placeOf, seriesOfLap } from '../../shared/ids.ts';
import type { LabelRecord } from '../../shared/lap/manifest.ts';
import { asksAboutContested, asksLaterAnalyses } from '../../shared/lap/orders.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { isPaced } from '../../shared/review/pace.ts';
import { seedOf } from '../../shared/seeds.ts';
import { data } from '../proxies.ts';
import { auditedLabels } from './audits.ts';
import { place } from './place.ts';

/**
 * Phase 4: the final generator's proofs of harder problems, labelled by many verifications; experts see what stays
 * contested (paper 2.3).
 */
export async function scaleVerification(input: {
  opened: OpenedLap;
  generator: CheckpointRef;
  verifier: CheckpointRef;
  /** Absent without meta-verification: then every analysis that reports an issue counts. */
  metaVerifier?: CheckpointRef;
}) {
  const { opened } = input;
  const { lap, recipe, problems } = opened;
  const { labelling } = recipe;
  const at = place(opened, 'scaleVerification', input);

  // New, harder proofs.
  const asked = await data.chooseProblems({
    to: at.dataset('problems'),
    problems: [problems.next],
    count: Math.ceil(Math.max(labelling.candidates, labelling.proofs) / labelling.proofsPerProblem),
    seed: seedOf(opened.seed, 'labelling'),
  });
  const written = await at.sample('proofs', asked);
  const candidates = await data.collectProofs({
    to: at.dataset('candidates'),
    setId: written.setId,
    rows: asked,
    round: 0,
    series: seriesOfLap(opened.turn),
  });

  // Of more than shall be labelled, those that a first look finds hardest to verify; and what the last lap left over.
  const hardest = async (): Promise<DatasetRef> => {
    const look = await at.sample('first-look', candidates, { mayFail: true });
    return data.hardestProofs({
      to: at.dataset('hardest'),
      proofs: candidates,
      setId: look.setId,
      count: labelling.proofs,
    });
  };
  const own = candidates.rows > labelling.proofs ? await hardest() : candidates;
  const carried = opened.parent?.labels.carried;
  const proofs =
    carried === undefined ? own : await data.concatenate({ to: at.dataset('proofs'), parts: [carried, own] });

  // n independent analyses of each, m meta-analyses of each that reports an issue, and the rule; no more calls than
  // decide the label.
  const set = await at.label('verdicts', proofs);

  // Contested proofs: an expert, who may see the analyses after a first score, the next lap, or the bin.
  const asks = asksAboutContested(recipe);
  const contested = await data.contestedProofs({
    to: at.dataset('contested'),
    proofs,
    decisions: set.decisions,
    gold: asks ? recipe.experts.gold : undefined,
    seed: seedOf(opened.seed, 'contested'),
    ...(isPaced(recipe.experts) && { teaching: set.setId }),
    ...(recipe.annotation === 'assisted' && {
      shown: { setId: set.setId, confirmingMetaScore: labelling.confirmingMetaScore },
    }),
  });
  const reviewing = asks && contested.rows > 0 ? [at.review('experts', contested)] : [];

  // Unanimous is not correct: experts audit a blind sample of the automatic labels.
  const isAudited = labelling.auditShare > 0 && set.labels.auto > 0;
  const sampled = isAudited
    ? data.chooseForAudit({
        to: at.dataset('audit'),
        proofs,
        decisions: set.decisions,
        share: labelling.auditShare,
        seed: seedOf(opened.seed, 'audit'),
        byLabel: recipe.audit !== undefined,
      })
    : undefined;
  const auditing = sampled ? [sampled.then((subject) => at.review('audit', subject))] : [];

  // Of the proofs that people look at, they score analyses as well: D_mv grows.
  const analyses = async (): Promise<{ review: ReviewSetResult; grown?: DatasetRef } | undefined> => {
    const subject = await data.chooseLaterAnalyses({
      to: at.dataset('analyses'),
      setId: set.setId,
      proofs,
      contested,
      audited: await sampled,
      count: recipe.metaData.laterAnalyses ?? 0,
      seed: seedOf(opened.seed, 'later analyses'),
    });
    if (subject.rows === 0) return undefined;
    const review = await at.review('analyses', subject);
    const to = { lap, at: placeOf(lap, 'analysisScores'), name: 'grown', kind: 'scoreAnalysis' } as const;
    const { setId, results } = review;
    const { ref } = await data.recordLate({ ...to, setId, subject, results, problems });
    return { review, ...(ref && { grown: ref }) };
  };
  const [reviews, audits, scored] = await Promise.all([
    Promise.all(reviewing),
    Promise.all(auditing),
    asksLaterAnalyses(recipe) ? analyses() : undefined,
  ]);

  // A label that the audit shows to be wrong too often is not trained on, unless a lead says so.
  const { decisions } = set;
  const results = audits.map((review) => review.results);
  const audit =
    recipe.audit && (await auditedLabels({ lap, audit: recipe.audit, proofs, decisions, results }, at.tell));

  // D_v grows.
  const { grown, ...left } = await data.growProofScores({
    lap,
    proofs,
    decisions,
    experts: reviews.map(({ results }) => results),
    carry: labelling.contested === 'carry' || (labelling.contested === 'ask' && recipe.experts.onDeadline === 'carry'),
    audit,
  });
  const labels: LabelRecord = { proofs, writtenIn: written.setId, set, ...left };
  return {
    grown,
    ...(scored?.grown && { grownAnalyses: scored.grown }),
    labels,
    sets: at.sets,
    reviews: [...reviews, ...(scored ? [scored.review] : []), ...audits],
  };
}
