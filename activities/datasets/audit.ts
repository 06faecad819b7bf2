import { auditVerdict, isHeldBack, labelName, waitsFor, type LabelAudit } from '../../shared/label/audit.ts';
import { share } from '../../shared/statistics/measures.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import type { HeldLabels, LabelRecord } from '../../shared/lap/manifest.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { DatasetRef, Made, ProofRow, ScoredProof } from '../../shared/records.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import { SCORES, type ProofScore } from '../../shared/scores.ts';
import { shuffled } from '../../shared/seeds.ts';
import { balancedSample } from '../../shared/selection.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { labelsById } from '../sets/outcomes.ts';
import { wordsOf } from './leadsWord.ts';

interface LabelledProofs {
  readonly proofs: DatasetRef;
  readonly decisions: DatasetRef;
}

/**
 * A random sample of the automatically labelled proofs, for experts to score without the label. At least one where any
 * was labelled.
 * @param input.byLabel the same number of each label, as far as there are so many: what is shown is shown of a label.
 */
export async function chooseForAudit(
  store: ArtifactStore,
  input: LabelledProofs & { to: string; share: number; seed: number; byLabel?: boolean },
): Promise<DatasetRef> {
  const labelled = await labelledProofs(store, input);
  const count = Math.ceil(input.share * labelled.length);
  const chosen = input.byLabel
    ? balancedSample(labelled, count, ({ label }) => String(label), input.seed)
    : shuffled(labelled, input.seed).slice(0, count);
  return store.writeJsonl(
    input.to,
    chosen.map(({ proof }) => proof),
    madeBy('chooseForAudit', { proofs: input.proofs, decisions: input.decisions }),
  );
}

export interface AuditedLabels extends LabelledProofs {
  readonly lap: string;
  readonly results: readonly DatasetRef[];
  readonly audit: NonNullable<Recipe['audit']>;
}

export interface LabelAudits {
  readonly labels: readonly LabelAudit[];
  /** As people scored them. */
  readonly results: readonly DatasetRef[];
  /** Labels that nothing is trained on until a lead says so. @default none */
  readonly heldBack?: readonly string[];
  /** Of what the lap waits for a lead's word. @default of nothing */
  readonly waiting?: { readonly about: readonly string[]; readonly text: string };
}

/** What people's blind sample says of each label, and what leads have said of it. */
export async function auditLabels(store: ArtifactStore, input: AuditedLabels): Promise<LabelAudits> {
  const { lap, audit, results } = input;
  const labels = await auditsByLabel(store, input);
  const held = labels.filter(isHeldBack);
  const heldBack = held.length > 0 && { heldBack: held.map(({ score }) => String(score)) };
  const waiting = held.filter((label) => label.said === undefined);
  if (waiting.length === 0 || audit.onFailure !== 'pause') return { labels, results, ...heldBack };
  const about = waiting.map(({ score }) => labelName(score));
  return {
    labels,
    results,
    ...heldBack,
    waiting: { about, text: waiting.map((label) => waitsFor(label, lap)).join('; ') },
  };
}

async function auditsByLabel(store: ArtifactStore, input: AuditedLabels): Promise<LabelAudit[]> {
  const goal = input.audit.minPrecision;
  const words = await wordsOf(store, input.lap);
  const reviews = await store.rowsById<ReviewRow>(...input.results);
  const labelled = await labelledProofs(store, input);
  return SCORES.map((score) => {
    const ofScore = labelled.filter(({ label }) => label === score);
    const audited = ofScore.flatMap(({ proof }) => {
      const result = reviews.get(proof.id)?.result;
      return result?.kind === 'scored' ? [{ problem: proof.problem.id, said: result.score, by: result.source }] : [];
    });
    const precision = share(audited, ({ said }) => said === score);
    const word = words.get(labelName(score));
    const said = word && { said: { ...word.ref, use: word.use } };
    const by = audited.some((each) => each.by === 'program') ? 'the program' : 'people';
    return { score, labels: ofScore.length, by, precision, goal, verdict: auditVerdict(precision, goal), ...said };
  });
}

async function labelledProofs(store: ArtifactStore, { proofs, decisions }: LabelledProofs) {
  const labels = await labelsById(store, decisions);
  return (await store.readRows<ProofRow>(proofs)).flatMap((proof) => {
    const decision = labels.get(proof.id)?.decision;
    return decision?.kind === 'labelled' ? [{ proof, label: decision.score }] : [];
  });
}

/**
 * What a labelled proof is learned as: its label, or what people gave it in an audit; undefined of one without a label,
 * or whose label is held back.
 */
export async function labelsToLearn(
  store: ArtifactStore,
  { set, audited = [], held = [] }: LabelRecord,
): Promise<(proofId: string) => ProofScore | undefined> {
  const labels = await labelsById(store, set.decisions);
  const reviews = await store.rowsById<ReviewRow>(...audited);
  const isHeld = await store.rowsById<ScoredProof>(...held.map(({ rows }) => rows));
  return (id) => {
    const [decision, said] = [labels.get(id)?.decision, reviews.get(id)?.result];
    if (decision?.kind !== 'labelled' || isHeld.has(id)) return undefined;
    return said?.kind === 'scored' ? said.score : decision.score;
  };
}

/** Rows of labels that nothing is to be trained on until a lead says so. */
export class HeldBack {
  readonly #rows: ReadonlyMap<ProofScore, ScoredProof[]>;

  constructor(labels: readonly LabelAudit[] = []) {
    this.#rows = new Map(labels.filter(isHeldBack).map(({ score }) => [score, []]));
  }

  get any(): boolean {
    return this.#rows.size > 0;
  }

  /** Whether it is one of them; then it is kept here. */
  takes(row: ScoredProof): boolean {
    return this.#rows.get(row.score)?.push(row) !== undefined;
  }

  write(store: ArtifactStore, lap: string, made: Made): Promise<HeldLabels[]> {
    return Promise.all(
      [...this.#rows].map(async ([score, rows]) => ({
        score,
        rows: await store.writeJsonl(uri.dataset(placeOf(lap, 'proofScores'), `held-${score}`), rows, made),
      })),
    );
  }
}
