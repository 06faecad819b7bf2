import { heldOutProofId } from '../../activities/datasets/heldOut.ts';
import { proofId, proofIn } from '../../activities/datasets/proofs.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import type { ArtifactStore, MadeArtifact } from '../../activities/store/types.ts';
import type { LineageNode } from '../../shared/figures/lineage.ts';
import type { Made, ProofRow, TrainingRow } from '../../shared/records.ts';
import type { Verdict } from '../../shared/review/reviews.ts';
import { BrokenLink, kindOf } from './walk.ts';

/** A proof, in the dataset that it was first written to. */
export interface FoundProof {
  readonly in: MadeArtifact;
  readonly row: ProofRow;
}

/** Rows of all datasets. */
type AnyRow = Partial<ProofRow & TrainingRow> & { readonly proofId?: string };
/** Their texts, and what they are about. */
const ABOUT = 'id proofId itemId model problem proof analysis selfAnalysis prompt completion meta'.split(' ');

/**
 * A proof: which model wrote it in which call, and its trail: the datasets that have rows about it, with what those say
 * (its label, a review's result, its score), the verdicts of people, and the trainings that learned from them.
 */
export async function describeProof(
  store: ArtifactStore,
  made: readonly MadeArtifact[],
  { in: origin, row }: FoundProof,
): Promise<LineageNode> {
  const log = new ReviewLog(store);
  const trail: object[] = [];
  const sources: Made['from'][number][] = [];
  for (const [{ uri, sha256, by, from }, rows] of await rowsAbout(store, made, origin, row)) {
    const verdicts: Verdict[] = [];
    for (const source of from)
      for (const entry of 'reviewId' in source ? await log.read(source.reviewId, row.id) : [])
        if ('verdict' in entry) verdicts.push(entry.verdict);
    const learnedBy = readersOf(made, uri).flatMap((each) => (kindOf(each.uri) === 'checkpoint' ? [each.by] : []));
    const step = Object.entries({ in: uri, by, rows: rows.length, ...rows[0], verdicts, learnedBy });
    trail.push(
      Object.fromEntries(step.filter(([name, value]) => !ABOUT.includes(name) && JSON.stringify(value) !== '[]')),
    );
    if (uri === origin.uri || ['collectLabels', 'collectReviews'].includes(by)) sources.push({ as: 'in', uri, sha256 });
  }
  const ledger = await callOf(store, origin, row);
  const facts = { problem: row.problem.id, model: row.model, ...(ledger && { ledger }), trail };
  const verified = ledger ? ["its text is the ledger's"] : [];
  return { id: row.id, kind: 'proof', by: origin.by, facts, verified, from: sources };
}

const readersOf = (made: readonly MadeArtifact[], uri: string): MadeArtifact[] =>
  made.filter(({ from }) => from.some((source) => 'uri' in source && source.uri === uri));

const isDataset = ({ uri }: MadeArtifact): boolean => kindOf(uri) === 'dataset';

/** Rows about a proof, in the dataset that it was first written to and in all that were made of that. */
async function rowsAbout(store: ArtifactStore, made: readonly MadeArtifact[], origin: MadeArtifact, row: ProofRow) {
  const about = new Map<MadeArtifact, AnyRow[]>([[origin, [row]]]);
  for (const [{ uri }, known] of about) {
    if (known.length === 0) continue;
    for (const next of readersOf(made, uri).filter(isDataset)) {
      if (about.has(next)) continue;
      const rows: AnyRow[] = [];
      for await (const each of store.readJsonl<AnyRow>(next)) if (isAbout(each, row)) rows.push(each);
      about.set(next, rows);
    }
  }
  return [...about].filter(([, rows]) => rows.length > 0);
}

/**
 * The proof itself, an analysis or a label of it, or a prompt: to analyse it, to judge an analysis of it, to learn it.
 */
function isAbout({ id, proofId: of, itemId, task, meta }: AnyRow, proof: ProofRow): boolean {
  if (meta === undefined) return [id, of].includes(proof.id);
  const item = `${task}/${proof.id}`;
  const about = itemId === item || (task === 'metaVerify' && itemId?.startsWith(`${item}-`));
  return meta.problem.id === proof.problem.id && about === true;
}

/**
 * The model call that a proof was read out of; of one that a team brought there is none.
 * @throws BrokenLink when no ledger that it came from holds its text.
 */
async function callOf(store: ArtifactStore, { by, from }: Made, row: ProofRow) {
  const { id, problem, proof } = row;
  const [series = ''] = id.slice(problem.id.length + 1).split('-');
  const sets = from.flatMap((source) => ('setId' in source ? [source.setId] : []));
  if (sets.length === 0) return undefined;
  for (const set of sets) {
    for await (const outcome of readOutcomes(store, set)) {
      const { row: asked, sample, key, model } = outcome;
      // A round's proofs are called by their place in it.
      const itsId =
        by === 'collectRound' || [proofId(row, outcome, series), heldOutProofId(problem, sample)].includes(id);
      if (!itsId || model !== row.model) continue;
      if (proofIn(outcome)?.proof === proof) return { set, row: asked, sample, key };
    }
  }
  throw new BrokenLink(`Broken link: expected ${sets.join(' or ')} to hold the text of proof ${id}, got none`);
}
