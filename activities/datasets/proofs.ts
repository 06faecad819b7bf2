import { answerIn } from '../../shared/answers.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { AnalysisRow, DatasetRef, Problem, ProofRow, ScoredProof } from '../../shared/records.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import { hardnessOf } from '../../shared/label/waves.ts';
import type { LabelRecord } from '../../shared/lap/manifest.ts';
import { shuffled } from '../../shared/seeds.ts';
import type { Score } from '../../shared/scores.ts';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { goldIn } from '../reviews/gold.ts';
import type { SubjectRow } from '../reviews/subjectRows.ts';
import { labelsById, readOutcomes, scoresByRow } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import { proofsToTeach } from './teaching.ts';
import type { ArtifactStore } from '../store/types.ts';
import { writeQuestions, type GoldAsked } from './given/gold.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import { quoted } from '../../shared/texts.ts';
import { failure } from '../failure.ts';
import { HeldBack, type LabelAudits } from './audit.ts';

/** The rows of several datasets as one. */
export async function concatenate(
  store: ArtifactStore,
  input: { to: string; parts: readonly DatasetRef[] },
): Promise<DatasetRef> {
  async function* rows() {
    for (const part of input.parts) yield* store.readJsonl(part);
  }
  return store.writeJsonl(input.to, rows(), madeBy('concatenate', { part: input.parts }));
}

/** One prompt per problem: at most `count`, spread over topics (paper 2.1: sample across topics). */
export async function chooseProblems(
  store: ArtifactStore,
  input: { to: string; problems: readonly DatasetRef[]; count: number; seed: number },
): Promise<DatasetRef> {
  const problems = await store.readRows<Problem>(...input.problems);
  const chosen = balancedSample(problems, input.count, (problem) => problem.topic, input.seed);
  return store.writeJsonl(
    input.to,
    chosen.map((problem): SetRow => ({ id: problem.id, problem })),
    madeBy('chooseProblems', { problems: input.problems }),
  );
}

/**
 * The well-formed proofs among a set's answers. Malformed answers are not proofs; the set's counts tell how many there
 * were.
 * @param input.series tells apart what different places write of one problem: `r<round>` in a cold start, `lap<turn>`
 * in phase 4. It has no dash.
 */
export async function collectProofs(
  store: ArtifactStore,
  input: { to: string; setId: string; rows: DatasetRef; round: number; series: string },
): Promise<DatasetRef> {
  const rows = await store.rowsById<SetRow>(input.rows);
  const proofs: ProofRow[] = [];
  for await (const outcome of readOutcomes(store, input.setId)) {
    const row = rows.get(outcome.row);
    const answer = proofIn(outcome);
    if (answer === undefined || row === undefined) continue;
    proofs.push({
      id: proofId(row, outcome, input.series),
      problem: row.problem,
      proof: answer.proof,
      model: outcome.model,
      round: input.round,
      ...(answer.selfAnalysis === undefined ? {} : { selfAnalysis: answer.selfAnalysis }),
      ...(answer.score === undefined ? {} : { selfScore: answer.score }),
    });
  }
  return store.writeJsonl(input.to, proofs, madeBy('collectProofs', { rows: input.rows, answers: input.setId }));
}

/** The answer of a call that wrote a proof; undefined where it is not well formed. */
export function proofIn(outcome: Outcome) {
  const answer = answerIn(outcome);
  if (outcome.kind !== 'answered' || answer.kind === 'malformed' || answer.proof === undefined) return undefined;
  return { ...answer, proof: answer.proof };
}

/** `<problem>-<series>-<samples>`: a refined proof has the samples of the one it came from before its own. */
export function proofId(
  { problem }: Pick<SetRow, 'problem'>,
  { row: asked, sample }: Pick<Outcome, 'row' | 'sample'>,
  series: string,
): string {
  const before = asked.slice(problem.id.length + 1).replace(/^[^-]*-/, '');
  return [problem.id, series, ...(asked === problem.id ? [] : [before]), sample].join('-');
}

/**
 * Candidates with an analysis each, for the next refinement round. Without a usable analysis a candidate is not
 * refined.
 */
export async function pairWithAnalyses(
  store: ArtifactStore,
  input: { to: string; proofs: DatasetRef; setId: string },
): Promise<DatasetRef> {
  const analyses = new Map<string, string>();
  for await (const outcome of readOutcomes(store, input.setId)) {
    if (outcome.kind === 'answered' && outcome.text !== undefined) analyses.set(outcome.row, outcome.text);
  }
  const rows = (await store.readRows<ProofRow>(input.proofs)).flatMap((proof): SetRow[] => {
    const analysis = analyses.get(proof.id);
    return analysis === undefined ? [] : [{ id: proof.id, problem: proof.problem, proof: proof.proof, analysis }];
  });
  return store.writeJsonl(input.to, rows, madeBy('pairWithAnalyses', { proofs: input.proofs, analyses: input.setId }));
}

/**
 * The subset shown to experts: distinct proofs, balanced over topics and refinement rounds (paper 2.1).
 * @param input.teaching the sets that analysed them: then balanced by what they predict, too, the most telling first.
 */
export async function chooseForExperts(
  store: ArtifactStore,
  input: {
    to: string;
    candidates: readonly DatasetRef[];
    count: number;
    seed: number;
    teaching?: readonly string[];
    gold?: GoldAsked | undefined;
  },
): Promise<DatasetRef> {
  const { to, count, seed, teaching, gold } = input;
  const others = await store.readRows<ProofRow>(...input.candidates);
  const distinct = distinctBy(others, (proof) => `${proof.problem.id}\n${proof.proof}`);
  const questions = teaching
    ? (await proofsToTeach(store, shuffled(distinct, seed), teaching)).slice(0, count)
    : balancedSample(distinct, count, (proof) => `${proof.problem.topic} ${proof.round}`, seed);
  const made = madeBy('chooseForExperts', { candidates: input.candidates, analyses: teaching });
  return writeQuestions(store, to, { questions, others, seed }, made, gold);
}

interface ExpertScores {
  readonly lap: string;
  /** What experts were asked about, and what they said of it. */
  readonly subject: DatasetRef;
  readonly results: DatasetRef;
  /** Problems whose rows are held back. */
  readonly validation: DatasetRef;
}

/**
 * D_v: the proofs that experts scored, split by problem. What was flagged or expired has no score and is left out.
 * @throws `NothingToLearn`, with what became of the questions, when none is left to train on.
 */
export const recordProofScores = (store: ArtifactStore, input: ExpertScores) =>
  recordScores(store, 'score', input, { by: 'recordProofScores', place: 'proofScores' });

/** D_mv: the analyses whose quality experts scored, split in the same way. */
export const recordAnalysisScores = (store: ArtifactStore, input: ExpertScores) =>
  recordScores(store, 'quality', input, { by: 'recordAnalysisScores', place: 'analysisScores' });

async function recordScores(
  store: ArtifactStore,
  field: 'score' | 'quality',
  { lap, subject, results, validation }: ExpertScores,
  { by, place }: { readonly by: string; readonly place: 'proofScores' | 'analysisScores' },
): Promise<{ train: DatasetRef; validation: DatasetRef }> {
  const reviews = await store.rowsById<ReviewRow>(results);
  const gold = await goldIn(store, subject.uri); // what people said of these measures them
  const rows = (await store.readRows<ProofRow | AnalysisRow>(subject)).filter(({ id }) => !gold.has(id));
  const faulty = flaggedProblems(rows, reviews);
  const scored = rows.flatMap((row) => (faulty.has(row.problem.id) ? [] : withScore(row, field, reviews, lap)));
  const problems = await store.rowsById<Problem>(validation);
  const trained = scored.filter(({ problem }) => !problems.has(problem.id)).length;
  if (trained === 0) throw nothingScored(subject, [...reviews.values()], scored.length);
  const made = madeBy(by, { subject, results, 'held back': validation });
  const write = (name: string, isHeldBack: boolean) =>
    store.writeJsonl(
      uri.dataset(placeOf(lap, place), name),
      scored.filter(({ problem }) => problems.has(problem.id) === isHeldBack),
      made,
    );
  return { train: await write('train', false), validation: await write('validation', true) };
}

function nothingScored(subject: DatasetRef, reviews: readonly ReviewRow[], heldBack: number): Error {
  const count = (kind: ReviewRow['result']['kind']) => reviews.filter(({ result }) => result.kind === kind).length;
  const flags = reviews.flatMap(({ result }) => (result.kind === 'flagged' ? [result.reason] : []));
  const came = [
    flags.length > 0 && `${flags.length} were flagged (one as ${quoted(flags[0] ?? '')})`,
    count('open') > 0 && `${count('open')} are open still (experts.enough, experts.deadlineHours)`,
    count('expired') > 0 && `${count('expired')} expired without an answer (experts.deadlineHours, experts.onDeadline)`,
    heldBack > 0 && `${heldBack} that were scored are of problems held back (validationShare)`,
  ].filter(Boolean);
  return failure(
    'NothingToLearn',
    `Expected scores to train on of the ${subject.rows} rows of ${subject.uri}, got none: ` +
      `${came.join(', ') || 'there was nothing to ask about'}. More questions, more time or fewer held back help`,
  );
}

/** Ids of the problems that people flagged: what was said of their other proofs is kept, and not trained on. */
function flaggedProblems(
  rows: readonly Pick<ProofRow, 'id' | 'problem'>[],
  reviews: ReadonlyMap<string, ReviewRow>,
): ReadonlySet<string> {
  return new Set(rows.flatMap(({ id, problem }) => (reviews.get(id)?.result.kind === 'flagged' ? [problem.id] : [])));
}

/** A row with the score that experts gave it, where they gave one; what analyses they were shown is left out. */
export function withScore<Row extends { readonly id: string }, Field extends 'score' | 'quality'>(
  row: Row & Pick<SubjectRow, 'analyses'>,
  field: Field,
  reviews: ReadonlyMap<string, ReviewRow>,
  lap: string,
) {
  const result = reviews.get(row.id)?.result;
  if (result?.kind !== 'scored') return [];
  const { score, firstScore, source } = result;
  const { analyses: _, ...judged } = row;
  const given = { [field]: score, ...(firstScore !== undefined && { firstScore }) } as Record<Field, Score>;
  return [{ ...judged, ...given, source, lap }];
}

/**
 * The proofs that a first look found hardest to verify (docs/method.md, "Phases": preferred for labelling), at most
 * `count`; equally hard ones in the order that they have.
 */
export async function hardestProofs(
  store: ArtifactStore,
  input: { to: string; proofs: DatasetRef; setId: string; count: number },
): Promise<DatasetRef> {
  const scores = await scoresByRow(store, input.setId);
  const proofs = (await store.readRows<ProofRow>(input.proofs)).map((proof, place) => ({
    proof,
    place,
    hardness: hardnessOf(scores.get(proof.id) ?? []),
  }));
  const chosen = proofs.sort((a, b) => b.hardness - a.hardness || a.place - b.place).slice(0, input.count);
  return store.writeJsonl(
    input.to,
    chosen.sort((a, b) => a.place - b.place).map(({ proof }) => proof),
    madeBy('hardestProofs', { proofs: input.proofs, 'first look': input.setId }),
  );
}

/**
 * What phase 4 adds to D_v: automatic labels, and experts' scores of contested proofs (paper 2.3). What stays without a
 * score can be carried to the next lap; proofs of problems that were found faulty are not.
 * @param input.audit people's scores of audited labels, which are better than the labels, and the labels that nothing
 * is to be trained on: those rows are put beside.
 */
export async function growProofScores(
  store: ArtifactStore,
  input: {
    lap: string;
    proofs: DatasetRef;
    decisions: DatasetRef;
    experts: readonly DatasetRef[];
    carry: boolean;
    audit?: LabelAudits | undefined;
  },
): Promise<Omit<LabelRecord, 'proofs' | 'writtenIn' | 'set'> & { grown: DatasetRef }> {
  const decisions = await labelsById(store, input.decisions);
  const reviews = await store.rowsById<ReviewRow>(...input.experts);
  const audited = await store.rowsById<ReviewRow>(...(input.audit?.results ?? []));
  const held = new HeldBack(input.audit?.labels);
  let [expert, corrected] = [0, 0];
  const left: ProofRow[] = [];
  const all = await store.readRows<ProofRow>(input.proofs);
  const faulty = flaggedProblems(all, new Map([...reviews, ...audited]));
  const rows = all.flatMap((proof): ScoredProof[] => {
    if (faulty.has(proof.problem.id)) return [];
    const decision = decisions.get(proof.id)?.decision;
    if (decision?.kind === 'labelled') {
      const [said] = withScore(proof, 'score', audited, input.lap);
      if (said && said.score !== decision.score) corrected += 1;
      if (said) return [said];
      const row: ScoredProof = { ...proof, score: decision.score, source: 'auto', lap: input.lap };
      return held.takes(row) ? [] : [row];
    }
    const scored = withScore(proof, 'score', reviews, input.lap);
    expert += scored.length;
    // What is open still is not labelled anew beside: its score joins a later lap.
    if (scored.length === 0 && reviews.get(proof.id)?.result.kind !== 'open') left.push(proof);
    return scored;
  });
  const { lap, proofs, decisions: labels, experts, audit } = input;
  const said = audit?.labels.flatMap((label) => label.said ?? []);
  const read = { proofs, decisions: labels, results: experts, audits: audit?.results, "lead's word": said };
  const made = madeBy('growProofScores', read);
  return {
    grown: await store.writeJsonl(uri.dataset(placeOf(lap, 'proofScores'), 'grown'), rows, made),
    expert,
    ...(input.carry &&
      left.length > 0 && {
        carried: await store.writeJsonl(uri.dataset(placeOf(lap, 'scaleVerification'), 'carried'), left, made),
      }),
    ...(audit && { audits: audit.labels, audited: audit.results, corrected }),
    ...(held.any && { held: await held.write(store, lap, made) }),
  };
}
