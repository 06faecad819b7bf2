import { createHash } from 'node:crypto';
import { majorityOf, stratumOf } from '../../shared/statistics/majority.ts';
import { proportionalSample } from '../../shared/statistics/proportionalSample.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import type { AnalysisRow, DatasetRef, Problem, ProofRow } from '../../shared/records.ts';
import { readOutcomes, scoresByRow } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { wellFormedAnalyses } from './analyses.ts';
import { proofIn } from './proofs.ts';

/**
 * What is judged of held-out answers where no checker knows what they are worth: proofs, by the lap's verifier and by
 * people, and analyses, by the meta-verifier. Equal texts are judged once.
 */
interface JudgedInput {
  readonly lap: string;
  readonly sets: readonly EvaluationSet[];
}

/** The sets in which generators answered as they are used. */
export const writingSets = (sets: readonly EvaluationSet[]): EvaluationSet[] =>
  sets.filter(({ subject, decoding }) => decoding === 'sampled' && /^(generator|selfVerification)$/.test(subject));

/** The sets of the verifiers that a lap compares: the first and the last of lap 1, later the parent's and its own. */
export const comparedSets = (sets: readonly EvaluationSet[]): EvaluationSet[] =>
  sets.filter(
    ({ subject, model, decoding }) =>
      decoding === 'sampled' && subject === 'verifier' && /^(verifierV1|verifierV2|parent)$/.test(model),
  );

/** The final generator's answers, of which people see a sample. */
export const finalSet = (sets: readonly EvaluationSet[]): EvaluationSet | undefined =>
  writingSets(sets).find(({ subject, model }) => subject === 'selfVerification' && model === 'selfVerification');

/** Equal texts about one thing have one id. */
export const idOfText = (about: string, text: string): string =>
  `${about}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

/** ProofRows: the well-formed proofs that generators wrote of held-out problems. */
export async function collectWritten(
  store: ArtifactStore,
  { lap, problems, sets }: JudgedInput & { readonly problems: DatasetRef },
): Promise<DatasetRef> {
  const heldOut = await store.rowsById<Problem>(problems);
  const seen = new Set<string>();
  async function* rows(): AsyncGenerator<ProofRow> {
    for (const { setId } of writingSets(sets))
      for await (const outcome of readOutcomes(store, setId)) {
        const problem = heldOut.get(outcome.row);
        const proof = proofIn(outcome)?.proof;
        if (problem === undefined || proof === undefined) continue;
        const id = idOfText(problem.id, proof);
        if (!seen.has(id)) yield { id, problem, proof, model: outcome.model };
        seen.add(id);
      }
  }
  const made = madeBy('collectWritten', { problems, answers: writingSets(sets).map(({ setId }) => setId) });
  return store.writeJsonl(uri.dataset(placeOf(lap, 'evaluation'), 'written'), rows(), made);
}

/** AnalysisRows: what the compared verifiers said of the held-out proofs. */
export async function collectRated(
  store: ArtifactStore,
  { lap, proofs, sets }: JudgedInput & { readonly proofs: DatasetRef },
): Promise<DatasetRef> {
  const compared = comparedSets(sets).map(({ setId }) => setId);
  const seen = new Set<string>();
  async function* rows(): AsyncGenerator<AnalysisRow> {
    for (const setId of compared)
      for await (const row of wellFormedAnalyses(store, setId, proofs)) {
        const id = idOfText(row.proofId, row.analysis);
        if (!seen.has(id)) yield { ...row, id };
        seen.add(id);
      }
  }
  const made = madeBy('collectRated', { proofs, analyses: compared });
  return store.writeJsonl(uri.dataset(placeOf(lap, 'evaluation'), 'rated'), rows(), made);
}

/** Of each score of the verifier's, as far as there are as many: so few values still show that they differ. Ours. */
const LEAST_OF_STRATUM = 5;

/**
 * ProofRows: a random sample of the final generator's distinct proofs, by the verifier's score of them, in an order
 * that tells nothing of it.
 * @param input.verdicts the set in which the verifier judged them. @default it did not: one stratum
 */
export async function chooseForPeople(
  store: ArtifactStore,
  input: JudgedInput & {
    readonly written: DatasetRef;
    readonly verdicts?: string | undefined;
    readonly count: number;
    readonly seed: number;
  },
): Promise<DatasetRef> {
  const { lap, written, sets, verdicts, count, seed } = input;
  const own = finalSet(sets);
  const ids = new Set<string>();
  if (own)
    for await (const outcome of readOutcomes(store, own.setId)) {
      const proof = proofIn(outcome)?.proof;
      if (proof !== undefined) ids.add(idOfText(outcome.row, proof));
    }
  const scores = verdicts === undefined ? undefined : await scoresByRow(store, verdicts);
  const stratum = (id: string) => (scores ? stratumOf(majorityOf(scores.get(id) ?? [])) : '');
  const chosen = proportionalSample([...ids], count, LEAST_OF_STRATUM, stratum, seed);
  const rows = new Map<string, ProofRow>();
  for await (const row of store.readJsonl<ProofRow>(written)) if (chosen.includes(row.id)) rows.set(row.id, row);
  return store.writeJsonl(
    uri.dataset(placeOf(lap, 'evaluation'), 'people'),
    chosen.flatMap((id) => rows.get(id) ?? []),
    madeBy('chooseForPeople', { written, answers: own?.setId, verdicts }),
  );
}
