import { executeChild } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { LabelRecord, SetRecord } from '../../shared/lap/manifest.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { auditSetOf, seriesOfLap, placeOf, setIdOf, uri } from '../../shared/ids.ts';
import { seedOf } from '../../shared/seeds.ts';
import { askExperts } from '../reviews/askExperts.ts';
import { labelSet } from '../sets/labelSet.ts';
import { sampler } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { data } from '../proxies.ts';

export interface ScaleVerificationResult {
  /** What this lap adds to D_v. */
  readonly grown: DatasetRef;
  readonly labels: LabelRecord;
  readonly sets: readonly SetRecord[];
  readonly reviews: readonly ReviewSetResult[];
}

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
}): Promise<ScaleVerificationResult> {
  const { opened } = input;
  const { lap, recipe, problems, prompts } = opened;
  const { labelling } = recipe;
  const place = placeOf(lap, 'scaleVerification');
  const task = recipe.selfVerification === 'self-analysis' ? 'selfVerify' : 'selfRefine';
  const asking = askingOf(opened, 'scaleVerification');
  const generator = sampler(asking, { role: 'generator', checkpoint: input.generator });

  // New, harder proofs.
  const asked = await data.chooseProblems({
    to: uri.dataset(place, 'problems'),
    problems: [problems.next],
    count: Math.ceil(Math.max(labelling.candidates, labelling.proofs) / labelling.proofsPerProblem),
    seed: seedOf(opened.seed, 'labelling'),
  });
  const written = await generator.sample('proofs', asked, { task, perRow: labelling.proofsPerProblem });
  const candidates = await data.collectProofs({
    to: uri.dataset(place, 'candidates'),
    setId: written.setId,
    rows: asked,
    task,
    round: 0,
    series: seriesOfLap(opened.turn),
  });

  // Of more than shall be labelled, those that a first look finds hardest to verify; and what the last lap left over.
  const verifier = sampler(asking, { role: 'verifier', checkpoint: input.verifier });
  const hardest = async (): Promise<DatasetRef> => {
    const look = await verifier.sample('first-look', candidates, { task: 'verify', perRow: labelling.firstLook });
    return data.hardestProofs({
      to: uri.dataset(place, 'hardest'),
      proofs: candidates,
      setId: look.setId,
      count: labelling.proofs,
    });
  };
  const own = candidates.rows > labelling.proofs ? await hardest() : candidates;
  const carried = opened.parent?.labels.carried;
  const proofs =
    carried === undefined ? own : await data.concatenate({ to: uri.dataset(place, 'proofs'), parts: [carried, own] });

  // n independent analyses of each, m meta-analyses of each that reports an issue, and the rule; no more calls than
  // decide the label.
  const began = Date.now();
  const setId = setIdOf(place, 'verdicts');
  const set = await executeChild(labelSet, {
    workflowId: setId,
    args: [
      {
        setId,
        proofs,
        verifier: { role: 'verifier', checkpoint: input.verifier },
        metaVerifier: { role: 'metaVerifier', checkpoint: input.metaVerifier ?? input.verifier },
        prompts,
        policy: {
          analysesPerProof: labelling.analysesPerProof,
          metaAnalysesPerAnalysis: input.metaVerifier === undefined ? 0 : labelling.metaAnalysesPerAnalysis,
          minValidAnalyses: labelling.minValidAnalyses,
          confirmingMetaScore: labelling.confirmingMetaScore,
        },
        waves: labelling.waves,
        earlyStop: labelling.earlyStop,
        verdictAttempts: labelling.verdictAttempts,
        sampling: { verify: recipe.sampling.verify, metaVerify: recipe.sampling.metaVerify },
        seed: seedOf(opened.seed, 'verdicts'),
        engine: recipe.inference,
      },
    ],
    staticSummary:
      `n=${labelling.analysesPerProof}, m=${labelling.metaAnalysesPerAnalysis}, k=${labelling.minValidAnalyses} on ` +
      `${proofs.rows} proofs`,
  });
  const wallSeconds = (Date.now() - began) / 1000;

  // Contested proofs: an expert, the next lap, or the bin.
  const contested = await data.contestedProofs({
    to: uri.dataset(place, 'contested'),
    proofs,
    decisions: set.decisions,
  });
  const reviewing =
    labelling.contested === 'ask' && contested.rows > 0
      ? [askExperts(opened, { setId: setIdOf(place, 'experts'), kind: 'scoreContestedProof', subject: contested })]
      : [];

  // Unanimous is not correct: experts audit a blind sample of the automatic labels. It changes none of them.
  const audit = async (): Promise<ReviewSetResult> => {
    const subject = await data.chooseForAudit({
      to: uri.dataset(place, 'audit'),
      proofs,
      decisions: set.decisions,
      share: labelling.auditShare,
      seed: seedOf(opened.seed, 'audit'),
    });
    return askExperts(opened, { setId: auditSetOf(lap), kind: 'auditLabel', subject });
  };
  const auditing = labelling.auditShare > 0 && set.labels.auto > 0 ? [audit()] : [];
  const [reviews, audits] = await Promise.all([Promise.all(reviewing), Promise.all(auditing)]);

  // D_v grows.
  const { grown, ...left } = await data.growProofScores({
    lap,
    proofs,
    decisions: set.decisions,
    experts: reviews.map(({ results }) => results),
    carry: labelling.contested === 'carry' || (labelling.contested === 'ask' && recipe.experts.onDeadline === 'carry'),
  });
  return {
    grown,
    labels: { proofs, writtenIn: written.setId, set, ...left },
    sets: [
      ...generator.sets,
      ...verifier.sets,
      { ...set, phase: 'scaleVerification', startedAt: new Date(began).toISOString(), wallSeconds },
    ],
    reviews: [...reviews, ...audits],
  };
}
