import { byScore, LEAST_HUMAN_SCORES, type Figure } from '../../shared/statistics/figure.ts';
import type {
  ByPeople,
  ClaimFigures,
  InVerifiersEyes,
  JudgedFigures,
  QualityFigures,
} from '../../shared/figures/judged.ts';
import { mean, meanOf, share, type OfProblem } from '../../shared/statistics/measures.ts';
import { stratifiedMean, type SampledUnit } from '../../shared/statistics/stratified.ts';
import { peopleSetOf } from '../../shared/ids.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { DatasetRef, ScoredAnalysis } from '../../shared/records.ts';
import { standingOf } from '../../shared/review/late.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import type { Score } from '../../shared/scores.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { comparedSets, idOfText } from '../../activities/datasets/judged.ts';
import { wellFormedAnalyses } from '../../activities/datasets/analyses.ts';
import { readOutcomes, scoresByRow } from '../../activities/sets/outcomes.ts';
import { answerReader, NO_PROOF, type HeldOutAnswer } from './heldOutAnswers.ts';
import type { Measuring } from './notes.ts';

type Answers = readonly HeldOutAnswer[];

/** Held-out answers in models' own eyes, and by people; undefined where the recipe asks for neither. */
export async function judgedFigures(lap: Measuring): Promise<JudgedFigures | undefined> {
  const { judged } = lap.manifest.evaluation;
  if (judged === undefined) return undefined;
  const { answersOf, thought } = await answerReader(lap);
  const final = await answersOf('selfVerification', 'selfVerification');
  return {
    verifier: judged.verdicts
      ? await inVerifiersEyes(lap, judged.verdicts.by.sha256, { answersOf, thought, final })
      : null,
    people: judged.people && final ? await byPeople(lap, judged.people, final) : null,
    quality: await qualityFigures(lap),
  };
}

type Reader = Awaited<ReturnType<typeof answerReader>>;

async function inVerifiersEyes(
  { manifest: { turn, recipe } }: Measuring,
  by: string,
  { answersOf, thought, final }: Reader & { readonly final: Answers | null },
): Promise<InVerifiersEyes> {
  const base = await answersOf('generator', 'base');
  const before = turn > 1 ? await answersOf('selfVerification', 'parent') : base;
  const phase2 = await answersOf('generator', 'generator');
  const claiming = await answersOf('selfVerification', 'generator');
  const models = { before, afterPhase2: phase2, after: final };
  const figuresOf = (keep: (answer: HeldOutAnswer) => boolean) => ({
    before: eyesOn(models.before, keep),
    afterPhase2: eyesOn(models.afterPhase2, keep),
    after: eyesOn(models.after, keep),
  });
  const topics = [...new Set(Object.values(models).flatMap((answers) => (answers ?? []).map(({ topic }) => topic)))];
  return {
    by,
    verdictsPerProof: recipe.evaluation.verdictsPerProof ?? 0,
    proofs: thought.length,
    undecided: thought.filter(({ kind }) => kind === 'undecided').length,
    lost: thought.filter(({ kind }) => kind === 'lost').length,
    ofBase: eyesOn(base),
    ...figuresOf(() => true),
    afterConsolidation: eyesOn(turn > 1 ? await answersOf('generator', 'consolidation') : null),
    byTopic: topics.sort().map((topic) => ({ topic, ...figuresOf((answer) => answer.topic === topic) })),
    claimsBefore: claiming && claimsInEyes(claiming),
    claimsAfter: final && claimsInEyes(final),
  };
}

/** Answers that the verifier has a score of. */
const scored = (answers: Answers) =>
  answers.flatMap((answer) => (answer.score === undefined ? [] : [{ ...answer, score: answer.score }]));

const eyesOn = (answers: Answers | null, keep: (answer: HeldOutAnswer) => boolean = () => true): Figure =>
  answers && mean(scored(answers.filter(keep)), ({ score }) => score);

function claimsInEyes(answers: Answers): ClaimFigures {
  const known = scored(answers);
  const claiming = (score: Score) => known.filter(({ selfScore }) => selfScore === score);
  return {
    claimShare: share(answers, ({ selfScore }) => selfScore === 1),
    falseClaims: share(claiming(1), ({ score }) => score < 1),
    accuracy: share(known, ({ selfScore, score }) => selfScore === score),
    calibration: byScore((self) => mean(claiming(self), ({ score }) => score)),
  };
}

async function byPeople(
  { store, manifest, notes }: Measuring,
  sample: DatasetRef,
  answers: Answers,
): Promise<ByPeople> {
  const rows = await answeredBy(store, manifest);
  const said = new Map(rows.flatMap(({ id, result }) => (result.kind === 'scored' ? [[id, result.score]] : [])));
  const asked = new Set(rows.map(({ id }) => id));
  const valueOf = ({ proof }: HeldOutAnswer): number | undefined => (proof === undefined ? 0 : said.get(proof));
  const meanOfAll = (of: Answers, worth: (answer: HeldOutAnswer, value: number) => number = (_, value) => value) =>
    stratifiedMean(unitsOf(of, (answer) => worthOf(valueOf(answer), (value) => worth(answer, value))));
  const score = meanOfAll(answers);
  if (score === null)
    notes.absent(
      'judged.people.score',
      `people scored ${said.size} of the ${sample.rows} proofs that they were asked about, and ` +
        `${LEAST_HUMAN_SCORES} are needed for an estimate`,
    );
  const { verdicts } = manifest.evaluation.judged ?? {};
  const over = verdicts ? meanOfAll(scored(answers), ({ score: own = 0 }, value) => (1 + own - value) / 2) : null;
  const claiming = (self: Score) => answers.filter(({ selfScore }) => selfScore === self);
  return {
    by: rows.some(({ result }) => result.kind === 'scored' && result.source === 'program') ? 'program' : 'people',
    asked: sample.rows,
    scored: said.size,
    flagged: rows.filter(({ result }) => result.kind === 'flagged').length,
    score,
    verifierOver: over && { value: 2 * over.value - 1, low: 2 * over.low - 1, high: 2 * over.high - 1, n: over.n },
    strata: strataOf(answers, asked, said),
    claims: score && {
      claimShare: share(answers, ({ selfScore }) => selfScore === 1),
      falseClaims: meanOfAll(claiming(1), (_, value) => +(value < 1)),
      accuracy: meanOfAll(answers, ({ selfScore }, value) => +(selfScore === value)),
      calibration: byScore((self) => meanOfAll(claiming(self))),
    },
  };
}

/** What each question came to, be it after the lap had gone on. */
async function answeredBy(store: ArtifactStore, { lap, reviews }: LapManifest): Promise<ReviewRow[]> {
  const setId = peopleSetOf(lap);
  const asked = reviews.filter((review) => review.setId === setId);
  const rows = await store.readRows<ReviewRow>(...asked.map(({ results }) => results));
  const log = new ReviewLog(store);
  return Promise.all(
    rows.map(async ({ id, result }) => {
      const late = result.kind === 'open' ? standingOf(await log.read(setId, id)).result : undefined;
      return { id, result: late ?? result };
    }),
  );
}

const worthOf = (value: number | undefined, worth: (value: number) => number) =>
  value === undefined ? undefined : worth(value);

/** Equal answers are one unit: a proof with one self-score. */
function unitsOf(answers: Answers, valueOf: (answer: HeldOutAnswer) => number | undefined): SampledUnit[] {
  const units = new Map<string, SampledUnit>();
  for (const answer of answers) {
    const { problem, proof = NO_PROOF, selfScore, stratum, score = 0.5 } = answer;
    const key = `${problem} ${proof} ${selfScore}`;
    const weight = 1 + (units.get(key)?.weight ?? 0);
    const isKnown = answer.proof === undefined;
    units.set(key, { stratum, predicted: score, cluster: problem, weight, value: valueOf(answer), isKnown });
  }
  return [...units.values()];
}

function strataOf(answers: Answers, asked: ReadonlySet<string>, said: ReadonlyMap<string, Score>): ByPeople['strata'] {
  const strata = new Map<string, Set<string>>();
  for (const { proof, stratum } of answers)
    if (proof !== undefined) strata.set(stratum, (strata.get(stratum) ?? new Set()).add(proof));
  return [...strata]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([verifier, proofs]) => {
      const values = [...proofs].flatMap((proof) => said.get(proof) ?? []);
      return {
        verifier,
        proofs: proofs.size,
        asked: [...proofs].filter((proof) => asked.has(proof)).length,
        scored: values.length,
        mean: meanOf(values),
      };
    });
}

async function qualityFigures(lap: Measuring): Promise<QualityFigures | null> {
  const { rated } = lap.manifest.evaluation.judged ?? {};
  if (rated === undefined) return null;
  const of = async (which: Compared) => {
    const inEyes = await ratedAnalyses(lap, which);
    return { eyes: mean(inEyes, ({ quality }) => quality), people: await qualityByPeople(lap, which) };
  };
  const [before, after] = [await of('before'), await of('after')];
  return {
    by: rated.by.sha256,
    before: before.eyes,
    after: after.eyes,
    peopleBefore: before.people,
    peopleAfter: after.people,
  };
}

/** Of the two verifiers that a lap compares: v1 or the parent's, and its own. */
type Compared = 'before' | 'after';

interface RatedAnalysis extends OfProblem {
  readonly quality: Score;
}

const setOf = ({ manifest: { evaluation } }: Measuring, which: Compared) =>
  comparedSets(evaluation.sets).find(({ model }) => (model === 'verifierV2') === (which === 'after'));

/** The verifier's well-formed analyses of the held-out proofs, with their quality in the meta-verifier's eyes. */
export async function ratedAnalyses(lap: Measuring, which: Compared): Promise<RatedAnalysis[]> {
  const { store, manifest } = lap;
  const { rated } = manifest.evaluation.judged ?? {};
  const set = setOf(lap, which);
  if (rated === undefined || set === undefined) return [];
  const scores = await scoresByRow(store, rated.setId);
  const found: RatedAnalysis[] = [];
  for await (const row of wellFormedAnalyses(store, set.setId, manifest.evaluation.proofs)) {
    const quality = scores.get(idOfText(row.proofId, row.analysis))?.[0];
    if (quality !== undefined) found.push({ problem: row.problem.id, quality });
  }
  return found;
}

/** Who answered a set. */
async function modelOf({ store }: Measuring, setId: string): Promise<string | undefined> {
  for await (const { model } of readOutcomes(store, setId)) return model;
  return undefined;
}

/** Of the analyses in D_mv that it wrote and people scored. */
async function qualityByPeople(lap: Measuring, which: Compared): Promise<Figure> {
  const { store, manifest } = lap;
  const set = setOf(lap, which);
  const by = set && (await modelOf(lap, set.setId));
  const { train = [], grown, validation } = manifest.analysisScores ?? {};
  const found: RatedAnalysis[] = [];
  for (const part of [...train, ...(grown ? [grown] : []), ...(validation ? [validation] : [])])
    for await (const { model, source, quality, problem } of store.readJsonl<ScoredAnalysis>(part))
      if (model === by && source === 'expert') found.push({ problem: problem.id, quality });
  return mean(found, ({ quality }) => quality);
}
