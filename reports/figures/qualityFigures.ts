import { goldIn } from '../../activities/reviews/gold.ts';
import { AskedSets } from '../../activities/reviews/records/asked.ts';
import { loggedQuestions, logNames } from '../../activities/reviews/records/logs.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { expertQualityOf, type ExpertQuality, type SaidQuestion } from '../../shared/figures/expertQuality.ts';
import type { GoldRow } from '../../shared/review/gold.ts';
import { auditSetOf, lapOf, placeOf, setIdOf, uri } from '../../shared/ids.ts';
import type { ProofRow } from '../../shared/records.ts';
import { standingOf } from '../../shared/review/late.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import { share } from '../../shared/statistics/measures.ts';

export interface QualityOfExperts extends ExpertQuality {
  /** Automatic labels that people, who did not see them, gave another score; by label, problems as clusters. */
  readonly auditError: readonly { readonly label: Score; readonly wrong: Figure }[];
}

interface Audited {
  readonly problem: string;
  readonly label: Score;
  readonly said: Score;
}

/** Laps and products that people have said something of, by name. */
export async function lapsOfExperts(store: ArtifactStore): Promise<string[]> {
  const laps = new Set<string>();
  for await (const { setId } of logNames(store)) laps.add(lapOfSet(setId));
  return [...laps].sort((a, b) => (a < b ? -1 : 1));
}

const lapOfSet = (setId: string): string => lapOf(setId) ?? setId.split('/').slice(0, 2).join('/');

/**
 * From the logs of what people said, and of audited labels: nothing else is read, so that some thousands of questions
 * take seconds.
 * @param lap or product. @default all
 */
export async function expertQuality(store: ArtifactStore, lap?: string): Promise<QualityOfExperts> {
  const sets = new AskedSets(store);
  const gold = new Map<string, ReadonlyMap<string, GoldRow>>();
  const asked: SaidQuestion[] = [];
  const audits = new Map<string, Map<string, Score>>();
  for await (const { setId, question, entries } of loggedQuestions(store, lap)) {
    const set = await sets.of(setId);
    const of = lapOfSet(setId);
    if (!gold.has(setId)) gold.set(setId, set.subject ? await goldIn(store, set.subject.uri) : new Map());
    const known = gold.get(setId)?.get(question)?.score;
    asked.push({ kind: set.kind ?? 'scoreProof', entries, known, leaseMinutes: set.leaseMinutes });
    const { result } = standingOf(entries);
    if (setId !== auditSetOf(of) || result?.kind !== 'scored' || result.source !== 'expert') continue;
    audits.set(of, (audits.get(of) ?? new Map<string, Score>()).set(question, result.score));
  }
  const audited: Audited[] = [];
  for (const [name, said] of audits) audited.push(...(await auditedLabels(store, name, said)));
  return {
    ...expertQualityOf(asked),
    auditError: SCORES.map((label) => ({
      label,
      wrong: share(
        audited.filter((one) => one.label === label),
        ({ said }) => said !== label,
      ),
    })),
  };
}

/** A lap's automatic labels of the proofs that people audited. */
async function auditedLabels(store: ArtifactStore, lap: string, said: ReadonlyMap<string, Score>): Promise<Audited[]> {
  const at = placeOf(lap, 'scaleVerification');
  const problems = new Map<string, string>();
  for (const { id, problem } of await rowsAt<ProofRow>(store, uri.dataset(at, 'audit'))) problems.set(id, problem.id);
  const found: Audited[] = [];
  for (const { proofId, decision } of await rowsAt<LabelRow>(store, uri.labels(setIdOf(at, 'verdicts')))) {
    const score = said.get(proofId);
    if (score === undefined || decision.kind !== 'labelled') continue;
    found.push({ problem: problems.get(proofId) ?? proofId, label: decision.score, said: score });
  }
  return found;
}

/** None where the dataset is not there. */
async function rowsAt<T>(store: ArtifactStore, at: string): Promise<T[]> {
  const made = (await store.stat(at)) && (await store.readMade(at));
  const rows: T[] = [];
  if (made) for await (const row of store.readJsonl<T>({ uri: at, sha256: made.sha256 })) rows.push(row);
  return rows;
}
