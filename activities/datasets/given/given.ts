import type { Domain } from '../../../shared/domain.ts';
import { placeOf, uri } from '../../../shared/ids.ts';
import { givenAnew, placesOf, type GivenCounts, type GivenRows } from '../../../shared/problems/given.ts';
import type { GrownDataset, LapManifest } from '../../../shared/lap/manifest.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import type { DatasetRef, Problem, ScoredAnalysis, ScoredProof } from '../../../shared/records.ts';
import { groupProblems } from '../../../shared/problems/held.ts';
import { distinctBy } from '../../../shared/selection.ts';
import { isScore } from '../../../shared/scores.ts';
import { show } from '../../../shared/recipe/issues.ts';
import { madeBy } from '../../store/made.ts';
import type { ArtifactStore } from '../../store/types.ts';
import type { SplitProblems } from '../problems.ts';

/** Rows that a team brings, by where they go. */
interface SplitRows<Row> {
  readonly train: readonly Row[];
  readonly validation: readonly Row[];
  /** How many are of held-out problems, or are there already. */
  readonly leftOut: number;
  readonly made: { readonly given: { readonly uri: string; readonly sha256: string } };
}

export interface SplitGiven {
  readonly proofs?: SplitRows<ScoredProof>;
  readonly analyses?: SplitRows<ScoredAnalysis>;
  /** Problems of theirs that validate, and that D_p has not: they are held back as those of D_p are. */
  readonly validating?: readonly Problem[];
}

/** What a lap takes of it, as datasets: D_v has no part where nothing is given to train on. */
export interface GivenDatasets {
  readonly proofScores: GrownDataset;
  readonly analysisScores?: GrownDataset;
}

interface Lap {
  readonly turn: number;
  readonly recipe: Recipe;
  /** The parent's. */
  readonly manifest?: LapManifest | undefined;
}

type Kind = 'proofs' | 'analyses';

/**
 * The graded sets that a lap is the first of its chain to name, split as its problems are; undefined where it names
 * none.
 * @throws naming the field, where a set is not there, is of another kind, or has nothing to train on.
 */
export async function splitGiven(
  store: ArtifactStore,
  domain: Pick<Domain, 'sameProblem' | 'alike'>,
  { turn, recipe, manifest }: Lap,
  splits: SplitProblems,
): Promise<SplitGiven | undefined> {
  const anew = givenAnew(recipe, manifest?.recipe);
  if (anew.proofs === undefined && anew.analyses === undefined) return undefined;
  const proofs = anew.proofs === undefined ? undefined : await readGiven<ScoredProof>(store, 'proofs', anew.proofs);
  const analyses =
    anew.analyses === undefined || !recipe.metaVerification
      ? undefined
      : await readGiven<ScoredAnalysis>(store, 'analyses', anew.analyses);
  const about = [...(proofs?.rows ?? []), ...(analyses?.rows ?? [])].map(({ problem }) => problem);
  const rowsOf = async (split: readonly Problem[] | DatasetRef) =>
    'uri' in split ? store.readRows<Problem>(split) : split;
  const all = {
    train: await rowsOf(splits.train),
    validation: await rowsOf(splits.validation),
    heldOut: await rowsOf(splits.heldOut),
    next: await rowsOf(splits.next),
  };
  const known = await alikeOf(domain, recipe, [...Object.values(all).flat(), ...about], splits.away);
  const places = placesOf(about, all, { ...known, seed: recipe.seed, turn });
  const there = async (kind: Kind): Promise<ReadonlySet<string>> => {
    const known = kind === 'proofs' ? manifest?.proofScores : manifest?.analysisScores;
    const rows = await store.readRows<ScoredProof | ScoredAnalysis>(...(known?.train ?? []));
    return new Set(rows.map(contentOf));
  };
  async function split<Row extends ScoredProof | ScoredAnalysis>(
    kind: Kind,
    { ref, rows }: Read<Row>,
  ): Promise<SplitRows<Row>> {
    const taken = await there(kind);
    const fresh = rows.filter((row) => !taken.has(contentOf(row)));
    const of = (where: string): Row[] =>
      fresh
        .filter(({ problem }) => places.placeOf(problem) === where)
        .map((row) => ({ ...row, problem: places.knownAs(row.problem) }));
    const [trained, validating] = [of('train'), turn === 1 ? of('validation') : []];
    if (trained.length === 0)
      throw new Error(
        `given.${kind}: expected rows to train on, got none of the ${rows.length} in ${ref.uri}: ` +
          `${validating.length} are of problems that validate, the others of problems held out, or known already`,
      );
    const leftOut = rows.length - trained.length - validating.length;
    return { train: trained, validation: validating, leftOut, made: { given: ref } };
  }
  const validates = new Set(all.validation.map(({ id }) => id));
  const own = about.filter((problem) => turn === 1 && places.placeOf(problem) === 'validation');
  return {
    ...(proofs && { proofs: await split('proofs', proofs) }),
    ...(analyses && { analyses: await split('analyses', analyses) }),
    validating: distinctBy(
      own.map(places.knownAs).filter(({ id }) => !validates.has(id)),
      ({ id }) => id,
    ),
  };
}

/** The problems of a lap, with those that its graded sets bring to validate on. */
export function withValidating(divided: SplitProblems, { validating = [] }: SplitGiven = {}): SplitProblems {
  const { validation } = divided;
  return validating.length === 0 || 'uri' in validation
    ? divided
    : { ...divided, validation: [...validation, ...validating] };
}

/** Groups of problems: by the domain's own key, or of statements that are near-equal. */
async function alikeOf(
  { sameProblem, alike }: Pick<Domain, 'sameProblem' | 'alike'>,
  { domain }: Recipe,
  problems: readonly Problem[],
  away: SplitProblems['away'] = [],
) {
  if (sameProblem !== undefined)
    return { groupOf: ({ statement }: Problem) => sameProblem(statement), isHeldOut: () => false };
  const distinct = new Map(problems.map((problem) => [problem.statement.trim(), problem]));
  const { groupOf, heldWith } = await groupProblems([...distinct.values()], away, alike?.(domain.settings));
  const one = (problem: Problem): Problem => distinct.get(problem.statement.trim()) ?? problem;
  return {
    groupOf: (problem: Problem) => String(groupOf(one(problem))),
    isHeldOut: (problem: Problem) => heldWith(one(problem)).length > 0,
  };
}

const contentOf = (row: ScoredProof | ScoredAnalysis): string =>
  JSON.stringify([row.problem.statement, row.proof, 'analysis' in row ? row.analysis : null]);

/** How many rows go where. */
export function countsOf({ proofs, analyses }: SplitGiven): GivenRows {
  const counts = ({ train, validation, leftOut }: SplitRows<unknown>): GivenCounts => ({
    train: train.length,
    validation: validation.length,
    leftOut,
  });
  return { ...(proofs && { proofs: counts(proofs) }), ...(analyses && { analyses: counts(analyses) }) };
}

interface Read<Row> {
  readonly ref: { readonly uri: string; readonly sha256: string };
  readonly rows: readonly Row[];
}

/** @throws naming the recipe's field, where it is not there, or its rows are of another kind. */
export async function readGiven<Row extends ScoredProof | ScoredAnalysis>(
  store: ArtifactStore,
  kind: Kind,
  at: string,
  field = `given.${kind}`,
): Promise<Read<Row>> {
  const remedy = `\`flywheel import ${kind} FILE --grader NAME\` takes a file of yours in, and prints what to say here`;
  const found = await store.stat(at).catch(() => undefined); // a path that is none of the store's
  if (found === undefined)
    throw new Error(`${field}: expected graded ${kind} of the store, got ${show(at)}, which is not there: ${remedy}`);
  const ref = await store.refOf(at);
  const rows: Row[] = [];
  for await (const row of store.readJsonl<Row>(ref)) {
    const score = kind === 'analyses' ? (row as ScoredAnalysis).quality : (row as ScoredProof).score;
    if (typeof row.problem?.statement !== 'string' || typeof row.proof !== 'string' || !isScore(score))
      throw new Error(
        `${field}: expected graded ${kind}, got ${at}, whose row ${rows.length + 1} has the fields ` +
          `${Object.keys(row).join(', ')}: ${remedy}`,
      );
    rows.push({ ...row, source: 'given' });
  }
  return { ref, rows };
}

/**
 * Parts of D_v and D_mv of what a team brings.
 * @param hasVerifier whether the lap begins with a verifier: then none learns from them yet, and where nothing is given
 * there are empty ones, to grow and to measure on. With a meta-verifier, of analyses too.
 */
export async function writeGiven(
  store: ArtifactStore,
  lap: string,
  { proofs, analyses }: SplitGiven,
  { hasVerifier, metaVerification }: { readonly hasVerifier: boolean; readonly metaVerification: boolean },
): Promise<GivenDatasets> {
  async function write<Row extends object>(part: 'proofScores' | 'analysisScores', rows?: SplitRows<Row>) {
    const made = madeBy('openLap', rows?.made ?? {});
    const named = (name: string, of: readonly Row[] = []) =>
      store.writeJsonl(
        uri.dataset(placeOf(lap, part), name),
        of.map((row) => ({ ...row, lap })),
        made,
      );
    const train = rows ? [await named('train', rows.train)] : [];
    return { train, validation: await named('validation', rows?.validation) };
  }
  const proofScores = await write('proofScores', proofs);
  if (analyses === undefined && !(hasVerifier && metaVerification)) return { proofScores };
  const analysisScores = await write('analysisScores', analyses);
  return { proofScores, analysisScores: { ...analysisScores, ...(hasVerifier && { learned: 0 }) } };
}
