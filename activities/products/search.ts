import type { MaybeScore } from '../../shared/label/autoLabel.ts';
import type { RoundRecord, ScoredRound } from '../../shared/products/rounds.ts';
import { bestOf, byMean, countVerdicts, issuesFirst, meanScore, passes } from '../../shared/products/pool.ts';
import type { Spent } from '../../shared/products/caps.ts';
import type {
  Evidence,
  PoolSearch,
  RoundSummary,
  SearchedProof,
  SearchEnd,
  SolvedProblem,
} from '../../shared/products/search.ts';
import type { DatasetRef, ProofRow } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { uri, type Place } from '../../shared/ids.ts';
import { proofIn } from '../datasets/proofs.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';

/** A row of a round's dataset: a proof, and the one that it refines. */
interface WrittenProof extends ProofRow {
  readonly parent?: string;
}

/** Analyses of the best proof that its result carries. Ours: enough to see why it passed or did not. */
const EVIDENCE = 8;

/**
 * The well-formed proofs of a round, named `<problem>-r<round>-<index>`: of round 0 by its sample, of a refinement by
 * the place of its parent among those that were refined.
 */
export async function collectRound(
  store: ArtifactStore,
  input: { at: Place; round: number; setId: string; rows: DatasetRef },
): Promise<DatasetRef> {
  const { at, round, setId } = input;
  const rows = await store.readRows<SetRow>(input.rows);
  const places = new Map(rows.map((row, index) => [row.id, { row, index }]));
  const proofs: WrittenProof[] = [];
  for await (const outcome of readOutcomes(store, setId)) {
    const asked = places.get(outcome.row);
    const answer = proofIn(outcome);
    if (asked === undefined || answer === undefined) continue;
    const { row, index } = asked;
    proofs.push({
      id: `${row.problem.id}-r${round}-${round === 0 ? outcome.sample : index}`,
      problem: row.problem,
      proof: answer.proof,
      model: outcome.model,
      round,
      ...(round > 0 && { parent: row.id }),
    });
  }
  const made = madeBy('collectRound', { rows: input.rows, answers: setId });
  return store.writeJsonl(uri.dataset(at, `round-${round}`), proofs, made);
}

/** A proof of a round with what its verdicts say, and the analyses that a refinement of it is shown. */
type RankedProof = Omit<SearchedProof, 'proof'> & { readonly shown: readonly Evidence[] };

interface RankInput {
  readonly at: Place;
  readonly search: PoolSearch;
  readonly round: number;
  /** Earlier rounds, the first first. */
  readonly earlier: readonly ScoredRound[];
  readonly record: Pick<RoundRecord, 'proofs' | 'verdicts' | 'written' | 'judged'>;
}

/**
 * What a round's verdicts come to: its proofs scored, and the pool's best of all rounds so far as the next round is
 * asked about them, with their analyses.
 */
export async function rankRound(
  store: ArtifactStore,
  { at, search, round, earlier, record }: RankInput,
): Promise<{ scored: DatasetRef; next: DatasetRef; summary: RoundSummary }> {
  const written = await store.readRows<WrittenProof>(record.proofs);
  const verdicts = new Map<string, { scores: MaybeScore[]; analyses: Evidence[] }>();
  for await (const { row, kind, score, text = '' } of readOutcomes(store, record.verdicts)) {
    const known = verdicts.get(row) ?? { scores: [], analyses: [] };
    verdicts.set(row, known);
    known.scores.push(kind === 'answered' ? score : undefined);
    if (kind === 'answered' && score !== undefined) known.analyses.push({ score, analysis: text });
    if (known.analyses.length > 2 * Math.max(search.shown, EVIDENCE))
      known.analyses = issuesFirst(known.analyses, Math.max(search.shown, EVIDENCE));
  }
  const ranked = written.map(({ id, parent }): RankedProof => {
    const { scores = [], analyses = [] } = verdicts.get(id) ?? {};
    const counted = countVerdicts(scores, search.analyses - scores.length);
    const shown = issuesFirst(analyses, Math.max(search.shown, EVIDENCE));
    return { id, round, ...(parent && { parent }), mean: meanScore(counted), verdicts: counted, shown };
  });
  const made = madeBy('rankRound', { proofs: record.proofs, verdicts: record.verdicts });
  const scored = await store.writeJsonl(uri.dataset(at, `scored-${round}`), ranked, made);
  const rounds = [...earlier, { proofs: record.proofs, scored }];
  const pool = await store.readRows<RankedProof>(...rounds.map((one) => one.scored));
  const best = bestOf(pool, search.refined);
  const texts = await textsOf(store, rounds, new Set(best.map(({ id }) => id)));
  const next = best.flatMap(({ id, shown }): SetRow[] => {
    const proof = texts.get(id);
    const analyses = shown.slice(0, search.shown).map(({ analysis }) => analysis);
    return proof === undefined ? [] : [{ id, problem: proof.problem, proof: proof.proof, analyses }];
  });
  const means = ranked.flatMap(({ mean }) => (mean === null ? [] : [mean])).sort((a, b) => b - a);
  return {
    scored,
    next: await store.writeJsonl(uri.dataset(at, `best-${round}`), next, made),
    summary: {
      round,
      written: record.written,
      judged: record.judged,
      means,
      best: best[0]?.mean ?? null,
      passed: ranked.filter((proof) => passes(proof.verdicts, search)).length,
    },
  };
}

async function textsOf(
  store: ArtifactStore,
  rounds: readonly ScoredRound[],
  ids: ReadonlySet<string>,
): Promise<Map<string, ProofRow>> {
  const found = new Map<string, ProofRow>();
  for (const { proofs } of rounds)
    for await (const proof of store.readJsonl<ProofRow>(proofs)) if (ids.has(proof.id)) found.set(proof.id, proof);
  return found;
}

/** A problem's result: the best proof with its evidence, and where it came from. */
export async function writeSolvedProblem(
  store: ArtifactStore,
  input: {
    place: Place;
    rows: DatasetRef;
    end: SearchEnd;
    rounds: readonly ScoredRound[];
    summaries: readonly RoundSummary[];
    spent: Spent;
  },
): Promise<void> {
  const { place, end, rounds, summaries, spent } = input;
  const [row] = await store.readRows<SetRow>(input.rows);
  if (row === undefined) throw new Error(`Expected ${input.rows.uri} to hold one problem, got none`);
  const pool = await store.rowsById<RankedProof>(...rounds.map(({ scored }) => scored));
  const [best] = [...pool.values()].sort(byMean);
  const lineage: RankedProof[] = [];
  for (let at = best; at !== undefined; at = at.parent === undefined ? undefined : pool.get(at.parent))
    lineage.unshift(at);
  const text = best && (await textsOf(store, rounds, new Set([best.id]))).get(best.id);
  const solved: SolvedProblem = {
    problem: row.problem,
    end,
    best: best && text ? bestWith(best, text.proof) : null,
    ancestry: lineage.map(({ id, round, parent, mean, verdicts }) => ({ id, round, parent, mean, verdicts })),
    rounds: summaries,
    spent,
  };
  const made = madeBy('writeSolvedProblem', { problem: input.rows, scored: rounds.map(({ scored }) => scored) });
  await store.writeJson(uri.products(place, `problems/${row.id}.json`), solved, made);
}

function bestWith({ shown, ...best }: RankedProof, proof: string): NonNullable<SolvedProblem['best']> {
  return { ...best, proof, evidence: shown.slice(0, EVIDENCE) };
}
