import type { MaybeScore } from '../../shared/label/autoLabel.ts';
import {
  bestOf,
  countVerdicts,
  issuesFirst,
  leastMeanAfter,
  meanScore,
  passes,
  shownMeans,
} from '../../shared/products/pool.ts';
import { isWorthStopping } from '../../shared/products/reach.ts';
import type { AskedRound, RoundRecord } from '../../shared/products/rounds.ts';
import type { Evidence, PoolSearch, RoundSummary, SearchedProof } from '../../shared/products/search.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { DatasetRef, ProofRow } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { uri, type Place } from '../../shared/ids.ts';
import { proofIn } from '../datasets/proofs.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';

/** A row of a round's dataset: a proof, and the one that it refines. */
export interface WrittenProof extends ProofRow {
  readonly round: number;
  readonly parent?: string;
}

/** A proof with what its verdicts say. */
export type ScoredProof = Omit<SearchedProof, 'proof'>;

/** One of the pool's best, as the next round is asked about it: shown those of its analyses that report issues first. */
interface BestProof extends ScoredProof, SetRow {
  readonly proof: string;
  readonly analyses: readonly string[];
}

/** Where the record of a problem's round lies. */
export const roundUri = (at: Place, round: number): string => uri.products(at, `rounds/${round}.json`);

type Outcomes = AsyncIterable<Outcome> | Iterable<Outcome>;

interface CollectInput {
  /** Of the problem. */
  readonly at: Place;
  readonly round: number;
  readonly setId: string;
  /** What the set asked about: the problem, or the proofs that are refined. */
  readonly rows: DatasetRef;
}

/**
 * The well-formed proofs of a round, named `<problem>-r<round>-<index>`: of round 0 by its sample, of a refinement by
 * the place of its parent among those that were refined.
 * @param outcomes of its set. @default all of the set, which is finished
 */
export async function collectRound(
  store: ArtifactStore,
  { at, round, setId, rows: asked }: CollectInput,
  outcomes: Outcomes = readOutcomes(store, setId),
): Promise<DatasetRef> {
  const rows = await store.readRows<SetRow>(asked);
  const places = new Map(rows.map(({ id, problem }, index) => [id, { problem, index }]));
  async function* proofs(): AsyncGenerator<WrittenProof> {
    for await (const outcome of outcomes) {
      const place = places.get(outcome.row);
      const answer = proofIn(outcome);
      if (place === undefined || answer === undefined) continue;
      const { problem, index } = place;
      yield {
        id: `${problem.id}-r${round}-${round === 0 ? outcome.sample : index}`,
        problem,
        proof: answer.proof,
        model: outcome.model,
        round,
        ...(round > 0 && { parent: outcome.row }),
      };
    }
  }
  return store.writeJsonl(
    uri.dataset(at, `round-${round}`),
    proofs(),
    madeBy('collectRound', { rows: asked, answers: setId }),
  );
}

interface RankInput {
  readonly at: Place;
  readonly search: PoolSearch;
  /** The pool's best before the round. @default none, in round 0 */
  readonly best?: DatasetRef | undefined;
  readonly asked: AskedRound;
}

/**
 * What a round's verdicts come to: its proofs scored, and the pool's best so far as the next round is asked about them.
 * A proof that is not among them will never be again, for the others stay; so the pool need not be kept.
 * @param outcomes verdicts on its proofs. @default all of their set, which is finished
 */
export async function rankRound(
  store: ArtifactStore,
  { at, search, best: before, asked }: RankInput,
  outcomes: Outcomes = readOutcomes(store, asked.verdicts),
): Promise<{ best: DatasetRef; leastMean: number | null; summary: RoundSummary }> {
  const { round, proofs, written, judged, spent, warning } = asked;
  const verdicts = await verdictsByProof(outcomes, search.shown);
  const scored: ScoredProof[] = [];
  const pool: BestProof[] = before ? await store.readRows<BestProof>(before) : [];
  for await (const { id, parent, problem, proof } of store.readJsonl<WrittenProof>(proofs)) {
    const { scores = [], analyses = [] } = verdicts.get(id) ?? {};
    const counted = countVerdicts(scores, search.analyses - scores.length);
    const ranked = { id, round, ...(parent && { parent }), mean: meanScore(counted), verdicts: counted };
    scored.push(ranked);
    pool.push({ ...ranked, problem, proof, analyses: analyses.map(({ analysis }) => analysis) });
  }
  const made = madeBy('rankRound', { proofs, verdicts: asked.verdicts, 'best before': before });
  const best = bestOf(pool, search.refined);
  const means = scored.map(({ mean }) => mean);
  const stopped = scored.filter((proof) => proof.verdicts.spared > 0);
  const summary: RoundSummary = {
    round,
    written,
    judged,
    means: shownMeans(scored),
    best: best[0]?.mean ?? null,
    passed: scored.filter((proof) => passes(proof.verdicts, search)).length,
    ...(stopped.length > 0 && {
      stopped: stopped.length,
      spared: stopped.reduce((sum, { verdicts: { spared } }) => sum + spared, 0),
    }),
    ...(warning !== undefined && { warning }),
  };
  const record: RoundRecord = {
    summary,
    proofs,
    verdicts: asked.verdicts,
    scored: await store.writeJsonl(uri.dataset(at, `scored-${round}`), scored, made),
    spent,
  };
  const next = await store.writeJsonl(uri.dataset(at, `best-${round}`), best, made);
  await store.writeJson(roundUri(at, round), record, made);
  const least = leastMeanAfter(round, best, search);
  const isWorth = least !== null && isWorthStopping(least, means);
  return { best: next, leastMean: isWorth ? least : null, summary };
}

/** Scores of each proof in the order of asking, and of its analyses those that are shown first. */
async function verdictsByProof(outcomes: Outcomes, shown: number) {
  const verdicts = new Map<string, { scores: MaybeScore[]; analyses: Evidence[] }>();
  for await (const { row, kind, score, text = '' } of outcomes) {
    const known = verdicts.get(row) ?? { scores: [], analyses: [] };
    verdicts.set(row, known);
    const usable = kind === 'answered' ? score : undefined;
    known.scores.push(usable);
    // Texts that others have pushed out are let go at once: there may be many, and long ones.
    if (usable !== undefined)
      known.analyses = issuesFirst([...known.analyses, { score: usable, analysis: text }], shown);
  }
  return verdicts;
}
