import type { Domains } from '../../shared/domain.ts';
import {
  compareEstimates,
  compareFigure,
  type Comparison,
  type ComparedFigure,
  type LapObservations,
} from '../../shared/figures/comparison.ts';
import { valued } from '../../shared/statistics/measures.ts';
import type { EvaluationSet, LapManifest } from '../../shared/lap/manifest.ts';
import { answerReader } from '../figures/heldOutAnswers.ts';
import { judgedFigures, ratedAnalyses } from '../figures/judgedFigures.ts';
import { measuring, type Measuring } from '../figures/notes.ts';
import { EYES, META_EYES, nameOfPeople } from '../pages/judgedSection.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

type Laps = readonly LapManifest[];
type Compared = Pick<Comparison, 'notCompared'> & { readonly figures: ComparedFigure[] };

/**
 * Laps by what people and models say of their held-out answers. Figures of two judges are not compared: a verifier has
 * to have judged both sides, which of a lap and its parent it has.
 */
export async function compareJudged(
  store: ArtifactStore,
  checkers: Domains['checkerOf'],
  a: Laps,
  b: Laps,
): Promise<Compared> {
  if (![...a, ...b].some(({ evaluation }) => evaluation.judged)) return { figures: [], notCompared: [] };
  const open = (manifest: LapManifest) => measuring(store, manifest, checkers);
  const compared = [await byEyes(a, b, open), await byMetaEyes(a, b, open), await byPeople(a, b, open)];
  return {
    figures: compared.flatMap((each) => ('value' in each ? each : [])),
    notCompared: compared.flatMap((each) => ('value' in each ? [] : each)),
  };
}

type Open = (manifest: LapManifest) => Measuring;
type Found = ComparedFigure | Comparison['notCompared'][number];

async function byEyes(a: Laps, b: Laps, open: Open): Promise<Found> {
  const figure = `generator: score ${EYES}`;
  const judges = [...a, ...b].map(({ evaluation }) => evaluation.judged?.verdicts?.by.sha256);
  if (judges.includes(undefined)) return { figure, reason: 'no verifier judged the answers of both sides' };
  const scores = async (lap: LapManifest, model: EvaluationSet['model'], name = lap.lap): Promise<LapObservations> => {
    const { answersOf } = await answerReader(open(lap));
    const answers = ((await answersOf('selfVerification', model)) ?? []).filter(({ score }) => score !== undefined);
    return { lap: name, seed: lap.recipe.seed, observations: valued(answers, ({ score = 0 }) => score) };
  };
  const own = (laps: Laps) => Promise.all(laps.map((lap) => scores(lap, 'selfVerification')));
  const before = (laps: Laps) => Promise.all(laps.map((lap) => scores(lap, 'parent', lap.parent?.lap)));
  const [left, right] =
    new Set(judges).size === 1
      ? [await own(a), await own(b)]
      : areParents(a, b)
        ? [await before(b), await own(b)]
        : areParents(b, a)
          ? [await own(a), await before(a)]
          : [];
  if (left === undefined || right === undefined)
    return { figure, reason: 'no verifier judged both sides: neither is the parent of the other' };
  return compareFigure(figure, left, right, true) ?? { figure, reason: 'not measured on both sides' };
}

/** Whether each lap of b went on from one of a. */
const areParents = (a: Laps, b: Laps): boolean =>
  a.length === b.length && b.every(({ parent }) => a.some(({ lap }) => lap === parent?.lap));

async function byMetaEyes(a: Laps, b: Laps, open: Open): Promise<Found> {
  const figure = `verifier: analysis quality ${META_EYES}`;
  const kept = ({ evaluation: { judged, proofs } }: LapManifest) =>
    judged?.rated && judged.rated.by.sha256 + proofs.sha256;
  const same = new Set([...a, ...b].map(kept));
  if (same.size !== 1 || same.has(undefined))
    return { figure, reason: 'no meta-verifier judged the analyses of both sides, of the same held-out proofs' };
  const read = (laps: Laps) =>
    Promise.all(
      laps.map(async (lap) => {
        const rated = await ratedAnalyses(open(lap), 'after');
        return { lap: lap.lap, seed: lap.recipe.seed, observations: valued(rated, ({ quality }) => quality) };
      }),
    );
  return compareFigure(figure, await read(a), await read(b), true) ?? { figure, reason: 'not measured on both sides' };
}

async function byPeople(a: Laps, b: Laps, open: Open): Promise<Found> {
  const read = (laps: Laps) =>
    Promise.all(
      laps.map(async (lap) => {
        const people = (await judgedFigures(open(lap)))?.people;
        return { seed: lap.recipe.seed, estimate: people?.score ?? null, name: people && nameOfPeople(people) };
      }),
    );
  const [left, right] = [await read(a), await read(b)];
  const figure = `generator: score ${[...left, ...right].find(({ name }) => name)?.name ?? "by people's blind sample"}`;
  return (
    compareEstimates(figure, left, right) ?? { figure, reason: 'people did not score enough answers of both sides' }
  );
}
