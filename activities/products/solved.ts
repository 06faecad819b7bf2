import { addSpent, NOTHING_SPENT, spentOn, type Price, type Spent } from '../../shared/products/caps.ts';
import { addVerdicts, byMean, countVerdicts, issuesFirst } from '../../shared/products/pool.ts';
import { setsOfRound, type RoundRecord } from '../../shared/products/rounds.ts';
import type { Evidence, PoolSearch, SearchEnd, SolvedProblem, VerdictCounts } from '../../shared/products/search.ts';
import { callsIn } from '../../shared/outcomes.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { setIdOf, uri, type Place } from '../../shared/ids.ts';
import { setInWords } from '../sets/outcomes.ts';
import { readCalls, readSoFar } from '../sets/soFar.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { collectRound, rankRound, roundUri, type ScoredProof, type WrittenProof } from './search.ts';

const NO_VERDICTS = countVerdicts([]);

/** Analyses of the best proof that its result carries. Ours: enough to see why it passed or did not. */
const EVIDENCE = 8;

interface SoFarInput {
  /** Of the problem. */
  readonly at: Place;
  readonly search: PoolSearch;
  readonly round: number;
  /** What the round was asked about, and the pool's best before it. */
  readonly rows: DatasetRef;
  readonly best?: DatasetRef | undefined;
  readonly prices: { readonly generator?: Price | undefined; readonly verifier?: Price | undefined };
}

/** A round that was ended early, by what its sets have: its record is written over when the search goes on. */
export async function rankSoFar(
  store: ArtifactStore,
  { at, search, round, rows, best, prices }: SoFarInput,
): Promise<void> {
  const sets = setsOfRound(round);
  const [proofSet, verdicts] = [setIdOf(at, sets.proofs), setIdOf(at, sets.verdicts)];
  const written = await readSoFar(store, proofSet);
  if (callsIn(written.counts) === 0) return;
  const proofs = await collectRound(store, { at, round, setId: proofSet, rows }, written.outcomes);
  const judged = await readSoFar(store, verdicts);
  const spent = addSpent(spentOn(written, prices.generator), spentOn(judged, prices.verifier));
  const asked = { round, proofs, verdicts, written: written.counts, judged: judged.counts, spent };
  await rankRound(store, { at, search, best, asked }, judged.outcomes);
}

interface EndedSearch {
  /** Of the product, and of the problem. */
  readonly place: Place;
  readonly at: Place;
  /** The problem: one SetRow. */
  readonly rows: DatasetRef;
  readonly end: SearchEnd;
  /** Where its rounds do not say it. */
  readonly reason?: string | undefined;
}

/** How a problem's search ended, and what it took. */
export interface SearchEnded {
  readonly end: SearchEnd;
  readonly spent: Spent;
  /** Of all its proofs. @default none were judged now */
  readonly verdicts?: VerdictCounts;
  /** What went wrong with its answers. */
  readonly warning?: string;
}

export const solvedUri = (place: Place, problem: string): string => uri.products(place, `problems/${problem}.json`);

/** A problem's result, by the records of its rounds: the best proof with its evidence, and where it came from. */
export async function writeSolvedProblem(
  store: ArtifactStore,
  { place, at, rows, end, reason }: EndedSearch,
): Promise<SearchEnded> {
  const [row] = await store.readRows<SetRow>(rows);
  if (row === undefined) throw new Error(`Expected ${rows.uri} to hold one problem, got none`);
  const rounds = await roundsOf(store, at);
  const pool = await store.rowsById<ScoredProof>(...rounds.map(({ scored }) => scored));
  const [best] = [...pool.values()].sort(byMean);
  const ancestry: ScoredProof[] = [];
  for (let each = best; each !== undefined; each = each.parent === undefined ? undefined : pool.get(each.parent))
    ancestry.unshift(each);
  const spent = rounds.reduce((sum, round) => addSpent(sum, round.spent), NOTHING_SPENT);
  const said = reason ?? (await reasonOf(store, end, rounds));
  const solved: SolvedProblem = {
    problem: row.problem,
    end,
    ...(said !== undefined && { reason: said }),
    best: best === undefined ? null : await withTexts(store, best, rounds),
    ancestry,
    rounds: rounds.map(({ summary }) => summary),
    spent,
  };
  const made = madeBy('writeSolvedProblem', { problem: rows, scored: rounds.map(({ scored }) => scored) });
  await store.writeJson(solvedUri(place, row.id), solved, made);
  const warning = said ?? rounds.flatMap(({ summary }) => summary.warning ?? [])[0];
  const verdicts = [...pool.values()].map((proof) => proof.verdicts).reduce(addVerdicts, NO_VERDICTS);
  return { end, spent, verdicts, ...(warning !== undefined && { warning }) };
}

async function roundsOf(store: ArtifactStore, at: Place): Promise<RoundRecord[]> {
  const rounds: RoundRecord[] = [];
  for (;;) {
    const record = await store.findJson<RoundRecord>(roundUri(at, rounds.length));
    if (record === undefined) return rounds;
    rounds.push(record);
  }
}

/** Why a search came to nothing: what is wrong with the answers of its first round. */
async function reasonOf(
  store: ArtifactStore,
  end: SearchEnd,
  [first]: readonly RoundRecord[],
): Promise<string | undefined> {
  if (first === undefined || !['noProof', 'noVerdict', 'failed'].includes(end)) return undefined;
  const proofs = first.verdicts.replace(setsOfRound(0).verdicts, setsOfRound(0).proofs);
  return setInWords(store, first.proofs.rows === 0 ? proofs : first.verdicts);
}

async function withTexts(
  store: ArtifactStore,
  best: ScoredProof,
  rounds: readonly RoundRecord[],
): Promise<SolvedProblem['best']> {
  const round = rounds[best.round];
  if (round === undefined) throw new Error(`Expected a record of round ${best.round}, which wrote ${best.id}`);
  let text: string | undefined;
  for await (const { id, proof } of store.readJsonl<WrittenProof>(round.proofs)) if (id === best.id) text = proof;
  if (text === undefined) throw new Error(`Expected ${round.proofs.uri} to hold ${best.id}`);
  const analyses: (Evidence & { readonly sample: number })[] = [];
  for await (const { row, kind, sample, score, text: analysis = '' } of readCalls(store, round.verdicts))
    if (row === best.id && kind === 'answered' && score !== undefined) analyses.push({ score, analysis, sample });
  const inOrder = analyses.sort((a, b) => a.sample - b.sample);
  const evidence = issuesFirst(inOrder, EVIDENCE).map(({ score, analysis }) => ({ score, analysis }));
  return { ...best, proof: text, evidence };
}
