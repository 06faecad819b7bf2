import { Trigger } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type {
  EvaluationRecord,
  EvaluationSet,
  JudgedRecord,
  SetRecord,
  TestTimeRecord,
} from '../../shared/lap/manifest.ts';
import type { OrderName } from '../../shared/lap/phases.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { seedOf } from '../../shared/seeds.ts';
import type { InitName } from '../../shared/stages.ts';
import { data } from '../proxies.ts';
import { place } from './place.ts';
import { testTime, type Searchers } from './testTime.ts';

export type HeldOutEvaluation = ReturnType<typeof heldOutEvaluation>;

/**
 * Measures a lap's models on fixed held-out sets, beside the trainings: a measurement begins when its model is there,
 * and only the end of the lap waits for it. What the answers are worth is worked out from the ledger, in the report.
 * @param warn is told what a person should know at once.
 */
export function heldOutEvaluation(opened: OpenedLap, warn: (found: readonly string[]) => void = () => undefined) {
  const { lap, recipe, problems, base, parent } = opened;
  // Later laps are measured on lap 1's held-out sets, beside what was measured of the base and the parent.
  const sets: EvaluationSet[] = [...(parent?.evaluation.sets ?? [])];
  const running: Promise<unknown>[] = [];
  const reviews: ReviewSetResult[] = [];
  const searches: TestTimeRecord[] = [];
  let judged: JudgedRecord | undefined;
  const at = place(opened, 'evaluation', { candidate: base });
  const { proofsPerScore, greedy, verdictsPerProof = 0, humanProofs = 0 } = recipe.evaluation;
  const { domain, metaRubric } = recipe;

  /** Starts work that only `finish` waits for; a failure shows there. */
  function beside<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // seen by finish()
    running.push(work);
    return work;
  }

  const asked = beside(data.buildProblemRows({ lap, problems: problems.heldOut }));
  const experts = { proofs: new Trigger<DatasetRef>(), analyses: new Trigger<DatasetRef>() };
  const byExperts = domain.checker === 'none';
  const proofs = parent
    ? Promise.resolve(parent.evaluation.proofs)
    : byExperts
      ? experts.proofs
      : beside(draftProofs());
  const analyses = recipe.metaVerification ? heldOutAnalyses() : undefined;

  /** Undefined where only experts know the truth, and those of lap 1 were not asked. */
  function heldOutAnalyses(): PromiseLike<DatasetRef> | undefined {
    if (parent?.evaluation.analyses) return Promise.resolve(parent.evaluation.analyses);
    if (!byExperts) return beside(draftAnalyses());
    return parent ? undefined : experts.analyses;
  }

  /** The base's proofs of held-out problems, balanced by truth: what verifiers are measured on. */
  async function draftProofs(): Promise<DatasetRef> {
    const { setId } = await at.sample('drafts', await asked, { mayFail: true });
    const { rows } = await data.buildHeldOutProofs({
      lap,
      problems: problems.heldOut,
      setId,
      proofsPerScore,
      seed: seedOf('held-out proofs'),
      domain,
    });
    return rows;
  }

  /** The base's analyses of those proofs, balanced by true quality: what meta-verifiers are measured on. */
  async function draftAnalyses(): Promise<DatasetRef> {
    const { setId } = await at.sample('draft-analyses', await proofs, { mayFail: true });
    const { rows } = await data.buildHeldOutAnalyses({
      lap,
      proofs: await proofs,
      setIds: [setId],
      analysesPerQuality: proofsPerScore,
      seed: seedOf('held-out analyses'),
      domain,
      metaRubric,
    });
    return rows;
  }

  /** What a model answers at T = 1 as it is used, and at T = 0, malformed answers included. */
  async function measure(
    subject: EvaluationSet['subject'],
    model: InitName,
    checkpoint: CheckpointRef,
    rows: PromiseLike<DatasetRef>,
  ): Promise<void> {
    const heldOut = await rows;
    for (const decoding of greedy ? (['sampled', 'greedy'] as const) : (['sampled'] as const)) {
      const seed = seedOf('evaluation', subject, decoding);
      const setId = await ask(`${subject}-${model}-${decoding}`, heldOut, checkpoint, seed);
      sets.push({ subject, model, decoding, setId });
    }
  }

  async function ask(
    name: OrderName<'evaluation', 'sample'>,
    rows: DatasetRef,
    checkpoint: CheckpointRef,
    seed?: number,
  ): Promise<string> {
    const { setId, warning } = await at.sample(name, rows, { checkpoint, seed, mayFail: true });
    if (warning !== undefined) warn([warning]);
    return setId;
  }

  /** What all that was answered is worth to the lap's verifier (paper 3.3.1), and, of a blind sample, to people. */
  async function judge(measured: readonly Promise<unknown>[], { verifier, metaVerifier }: Judges): Promise<void> {
    await Promise.all(measured);
    const rating = verdictsPerProof > 0 && metaVerifier ? beside(rate(metaVerifier)) : undefined;
    const written = await data.collectWritten({ lap, problems: problems.heldOut, sets });
    const isAsked = verdictsPerProof > 0 && written.rows > 0;
    const verdicts = isAsked ? { by: verifier, setId: await ask('verdicts', written, verifier) } : undefined;
    const seed = seedOf(opened.seed, 'people');
    const sample = { lap, sets, written, verdicts: verdicts?.setId, count: humanProofs, seed };
    const people = humanProofs > 0 ? await data.chooseForPeople(sample) : undefined;
    if (people?.rows) reviews.push(await at.review('people', people));
    judged = { written, verdicts, rated: await rating, people };
  }

  /** The quality of verifiers' analyses, in the meta-verifier's eyes (paper 2.1). */
  async function rate(by: CheckpointRef): Promise<JudgedRecord['rated']> {
    const analyses = await data.collectRated({ lap, proofs: await proofs, sets });
    return analyses.rows > 0 ? { by, setId: await ask('qualities', analyses, by), analyses } : undefined;
  }

  /** In an order that does not depend on which ended first. */
  const searched = () => searches.length > 0 && { testTime: searches.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };

  return {
    verifier: (model: InitName, checkpoint: CheckpointRef) =>
      void beside(measure('verifier', model, checkpoint, proofs)),
    metaVerifier: (model: InitName, checkpoint: CheckpointRef) =>
      void (analyses && beside(measure('metaVerifier', model, checkpoint, analyses))),
    generator: (model: InitName, checkpoint: CheckpointRef) =>
      void beside(measure('generator', model, checkpoint, asked)),
    selfVerification: (model: InitName, checkpoint: CheckpointRef) =>
      void beside(measure('selfVerification', model, checkpoint, asked)),
    /** Begins when all models are measured that are by then. */
    judge: (judges: Judges) => void (verdictsPerProof + humanProofs > 0 && beside(judge([...running], judges))),
    /** What models do at test time with the lap's verifier. */
    testTime(searchers: Omit<Searchers, 'base'>): void {
      for (const searched of testTime(opened, { base, ...searchers }))
        void beside(searched.then((record) => searches.push(record)));
    },
    /** Without a checker, experts' scores of the validation split are the truth that models are measured on. */
    expertsScored: (name: keyof typeof experts, rows: DatasetRef): void => experts[name].resolve(rows),
    /** Waits for all measurements. */
    async finish(): Promise<Measured> {
      await Promise.all(running);
      const heldOut = { proofs: await proofs, analyses: analyses && (await analyses), sets, judged, ...searched() };
      sets.sort((a, b) => (a.setId < b.setId ? -1 : 1));
      return { evaluation: heldOut, sets: at.sets, reviews };
    },
  };
}

interface Judges {
  readonly verifier: CheckpointRef;
  readonly metaVerifier?: CheckpointRef | undefined;
}

interface Measured {
  readonly evaluation: EvaluationRecord;
  readonly sets: readonly SetRecord[];
  readonly reviews: readonly ReviewSetResult[];
}
