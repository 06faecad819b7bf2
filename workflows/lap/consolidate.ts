import { setCurrentDetails } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { ParentLap } from '../../activities/laps/parent.ts';
import type { ConsolidationRecord } from '../../shared/lap/manifest.ts';
import { placeOf } from '../../shared/ids.ts';
import { labelPolicy } from '../../shared/lap/phases.ts';
import { seedOf } from '../../shared/seeds.ts';
import { longRowsOf, meansOf } from '../../shared/recipe/means.ts';
import { ROWS_PER_EXAMPLE } from '../../shared/recipe/usual.ts';
import { jobLine, logLines } from './jobDetails.ts';
import { trainToEnd } from './trainingJob.ts';
import { data } from '../proxies.ts';
import { place } from './place.ts';

/**
 * The start of lap n ≥ 2: one checkpoint that holds both skills, by rejection fine-tuning on the last lap's own answers
 * (paper 3.1).
 */
export async function consolidate({ opened, parent }: { opened: OpenedLap; parent: ParentLap }) {
  const { lap, recipe, prompts, donors } = opened;
  const { consolidation: sizes, metaVerification } = recipe;
  const { verifier, metaVerifier } = parent.models;
  const at = place(opened, 'consolidation', { verifier, metaVerifier });
  const seed = seedOf(opened.seed, 'consolidation');
  const count = ROWS_PER_EXAMPLE * sizes.examplesPerSkill;

  // The verifier analyses D_v again; an analysis passes whose score is the proof's, and which the meta-verifier
  // confirms.
  const proofs = await data.chooseScored({ to: at.dataset('proofs'), parts: parent.proofScores.train, count, seed });
  const analyses = await at.sample('analyses', proofs, { mayFail: true });
  const right = await data.rightAnalyses({ to: at.dataset('right-analyses'), setId: analyses.setId, proofs });
  const policy = labelPolicy(recipe);
  const judged =
    metaVerification && metaVerifier
      ? await at.sample('judged', right.rows, { mayFail: true, decides: policy })
      : undefined;

  // It judges D_mv again as well; a meta-analysis passes that agrees with the expert.
  const scored =
    metaVerification &&
    parent.analysisScores &&
    (await data.chooseScored({ to: at.dataset('scored-analyses'), parts: parent.analysisScores.train, count, seed }));
  const meta = scored && (await at.sample('meta-analyses', scored, { mayFail: true }));

  // The generator's proofs are there already: those labelled 1 that it found right itself.
  const { dataset, skills } = await data.writeConsolidation({
    to: at.dataset('examples'),
    prompts,
    labels: parent.labels,
    turn: opened.turn - 1,
    analyses: { ...right, ...(judged && { judgedIn: judged.setId }) },
    policy,
    ...(scored && meta && { metaAnalyses: { rows: scored, setId: meta.setId } }),
    examplesPerSkill: sizes.examplesPerSkill,
    thinking: sizes.thinking,
    seed,
  });
  const jobKey = placeOf(lap, 'consolidation');
  const told = [
    `**consolidation**: SFT, ${sizes.maxSteps} steps of ${sizes.rowsPerStep} rows`,
    '',
    '| skill | seen | passed | distinct | chosen |',
    '| --- | --- | --- | --- | --- |',
    ...skills.map((each) => `| ${each.skill} | ${each.seen} | ${each.passed} | ${each.distinct} | ${each.chosen} |`),
    '',
    `${dataset.rows} examples.`,
    '',
  ];
  setCurrentDetails([...told, jobLine(opened, jobKey)].join('\n'));

  const init = recipe.consolidateFrom === 'generator' ? parent.models.generator : opened.base;
  const startedAt = new Date().toISOString();
  const { examplesPerSkill: _, thinking: __, ...hyper } = sizes;
  const {
    checkpoint,
    steps,
    attempts,
    seconds: trainingSeconds,
    queuedSeconds,
    longRows,
    warnings = [],
    taken,
  } = await trainToEnd({
    jobKey,
    kind: 'sft',
    initCheckpoint: init,
    datasets: [{ role: 'examples', ref: dataset, weight: 1 }],
    hyper: { ...hyper, ...longRowsOf(recipe), seed },
    ...meansOf(recipe, 'consolidation', opened.layout),
    donors,
  });
  setCurrentDetails([...told, ...logLines(opened, jobKey, attempts)].join('\n'));
  const trained = { jobKey, init, checkpoint, dataset, skills, steps, attempts, trainingSeconds, startedAt };
  const record = {
    ...trained,
    ...(queuedSeconds && { queuedSeconds }),
    ...(longRows && { longRows }),
    ...(warnings.length > 0 && { warnings }),
    ...(taken && { taken }),
  } satisfies ConsolidationRecord;
  return { record, sets: at.sets, warnings };
}
