import type { LapManifest, ProblemSplits } from '../../shared/lap/manifest.ts';
import type { ArtifactRef, DatasetRef, Problem, ScoredAnalysis, ScoredProof } from '../../shared/records.ts';
import {
  standingOf,
  TAUGHT,
  type FaultyProblem,
  type LateQuestion,
  type LateRecord,
  type TaughtKind,
} from '../../shared/review/late.ts';
import type { ReviewRow, ReviewSetInput } from '../../shared/review/reviews.ts';
import { takenAnswers } from '../../shared/review/takenAnswers.ts';
import { distinctBy } from '../../shared/selection.ts';
import { placeOf, reviewIdOf, setIdOf, uri, type Place } from '../../shared/ids.ts';
import { goldIn } from '../reviews/gold.ts';
import { ReviewLog } from '../reviews/log.ts';
import type { SubjectRow } from '../reviews/subjectRows.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { withScore } from './proofs.ts';

/** Names of a later lap's review sets of questions that an earlier one never came to ask. */
const SET_OF: Readonly<Record<TaughtKind, string>> = {
  scoreProof: 'proofs',
  scoreContestedProof: 'contested',
  scoreAnalysis: 'analyses',
};
const isTaught = (kind: string | undefined): kind is TaughtKind => TAUGHT.some((one) => one === kind);

/** What a lap takes of its parent, and what of that it must not train on. */
interface LateInput extends Pick<ReviewSetInput, 'seats' | 'experts' | 'assisted'> {
  readonly lap: string;
  /** The parent's manifest. */
  readonly parent: ArtifactRef;
  readonly problems: Pick<ProblemSplits, 'validation' | 'heldOut' | 'faulty' | 'leftOut'>;
  /** Whether this lap asks people what earlier ones did not come to. */
  readonly asks: boolean;
}

export interface CollectedLate {
  readonly record: LateRecord;
  /** Parts of D_v and D_mv, where any scores came. */
  readonly proofScores?: DatasetRef;
  readonly analysisScores?: DatasetRef;
  /** What this lap has to ask, as earlier ones did not come to it. */
  readonly unasked: Readonly<Partial<Record<TaughtKind, DatasetRef>>>;
  /** Questions about problems that were found faulty. */
  readonly flagged: number;
}

/**
 * What became of the questions that earlier laps had gone on without: scores that came join D_v and D_mv, split by
 * problem; what is open goes on; what was never asked is put together for this lap's people, with the answers that it
 * may have.
 */
export async function collectLate(store: ArtifactStore, input: LateInput): Promise<CollectedLate> {
  const { lap, problems } = input;
  const standing = await standingAt(store, input);
  const questions = await store.readRows<LateQuestion>(standing);
  const held = await problemsOf(store, problems.validation, problems.heldOut, problems.leftOut);
  const out = await problemsOf(store, problems.faulty, problems.leftOut);

  const scored = { score: [] as ScoredProof[], quality: [] as ScoredAnalysis[] };
  const unasked: Partial<Record<TaughtKind, SubjectRow[]>> = {};
  const log = new ReviewLog(store);
  for (const about of bySet(questions)) {
    const reviews = new Map<string, ReviewRow>();
    const [dates, toAsk] = [new Map<string, string>(), new Map<string, LateQuestion>()];
    for (const { id, result, at, ...question } of about) {
      if (result) reviews.set(id, { id, result });
      if (at !== undefined) dates.set(id, at);
      if (question.askedAnew && !result) toAsk.set(id, { id, ...question });
    }
    const [{ subject }] = about as [LateQuestion];
    const gold = await goldIn(store, subject.uri);
    for await (const row of store.readJsonl<ScoredProof & ScoredAnalysis>(subject)) {
      if (gold.has(row.id)) continue; // measures people, and trains nothing
      const asked = toAsk.get(row.id);
      if (asked && isTaught(asked.kind) && !out.has(row.problem.id)) {
        (unasked[asked.kind] ??= []).push(row);
        const from = reviewIdOf(asked.setId, row.id);
        const policy = { ...input, assisted: asked.kind === 'scoreContestedProof' && input.assisted };
        const taken = takenAnswers(await log.read(asked.setId, row.id), policy, from);
        await log.append(setIdOf(placeOf(lap, 'late'), SET_OF[asked.kind]), row.id, taken);
      }
      const field = 'analysis' in row ? 'quality' : 'score';
      const late = withScore(row, field, reviews, lap);
      (scored[field] as unknown[]).push(...late.map((one) => ({ ...one, scoredAt: dates.get(row.id) })));
    }
  }

  const sets = bySet(questions).map(([first]) => first as LateQuestion);
  const made = madeBy('collectLate', {
    standing,
    subject: sets.map(({ subject }) => subject),
    answers: sets.map(({ setId }) => ({ reviewId: setId })),
    'held back': [problems.validation, problems.heldOut],
  });
  const at = placeOf(lap, 'late');
  const proofs = await join(store, { at, name: 'proof-scores' }, scored.score, held, made);
  const analyses = await join(store, { at, name: 'analysis-scores' }, scored.quality, held, made);
  const asking: Partial<Record<TaughtKind, DatasetRef>> = {};
  for (const kind of TAUGHT) {
    const rows = distinctBy(unasked[kind] ?? [], ({ id }) => id);
    if (rows.length > 0) asking[kind] = await store.writeJsonl(datasetOf(lap, SET_OF[kind]), rows, made);
  }
  const open = questions.filter(goesOn);
  return {
    record: {
      standing,
      proofs: proofs.rows,
      analyses: analyses.rows,
      heldBack: proofs.heldBack + analyses.heldBack,
      open: open.length,
      halfAnswered: open.filter(({ answers }) => answers > 0).length,
    },
    ...(proofs.ref && { proofScores: proofs.ref }),
    ...(analyses.ref && { analysisScores: analyses.ref }),
    unasked: asking,
    flagged: questions.filter(({ result }) => result?.kind === 'flagged').length,
  };
}

/** Without a result, and not asked in a set of the later lap's own: the next one looks again. */
const goesOn = ({ result, askedAnew }: LateQuestion): boolean => result === undefined && !askedAnew;

/** Written once: whoever repeats the step finds the questions as they stood. */
async function standingAt(store: ArtifactStore, { lap, parent, asks }: LateInput): Promise<DatasetRef> {
  const to = datasetOf(lap, 'standing');
  const made = await store.readMade(to);
  if (made !== undefined && (await store.stat(to)) !== undefined) {
    const ref = { uri: to, sha256: made.sha256 };
    let rows = 0;
    for await (const _ of store.readJsonl(ref)) rows += 1;
    return { ...ref, rows };
  }
  const log = new ReviewLog(store);
  async function* rows(): AsyncGenerator<LateQuestion> {
    for await (const question of leftOpen(store, await store.readJson<LapManifest>(parent.uri)))
      yield {
        ...question,
        ...(asks && question.unasked && { askedAnew: true as const }),
        ...standingOf(await log.read(question.setId, question.id)),
      };
  }
  return store.writeJsonl(to, rows(), madeBy('collectLate', { parent }));
}

/** The questions that a lap, or one before it, went on without, as far as their answers are trained on. */
export async function* leftOpen(store: ArtifactStore, { reviews, late }: Pick<LapManifest, 'reviews' | 'late'>) {
  if (late) {
    for await (const question of store.readJsonl<LateQuestion>(late.standing)) if (goesOn(question)) yield question;
  }
  for (const { setId, kind, subject, results, open = 0 } of reviews) {
    if (open === 0 || subject === undefined || !isTaught(kind)) continue;
    for await (const { id, result } of store.readJsonl<ReviewRow>(results))
      if (result.kind === 'open') yield { id, setId, kind, subject, ...(result.unasked && { unasked: true as const }) };
  }
}

/** What waits for the lap after this one: answers that have come since, and questions that are open still. */
export async function waitingAfter(
  store: ArtifactStore,
  manifest: Pick<LapManifest, 'reviews' | 'late'>,
): Promise<{ readonly answered: number; readonly open: number; readonly halfAnswered: number }> {
  const log = new ReviewLog(store);
  const waiting = { answered: 0, open: 0, halfAnswered: 0 };
  for await (const { setId, id } of leftOpen(store, manifest)) {
    const { result, answers } = standingOf(await log.read(setId, id));
    if (result) waiting.answered += 1;
    else waiting.open += 1;
    if (!result && answers > 0) waiting.halfAnswered += 1;
  }
  return waiting;
}

interface AskedLate {
  readonly lap: string;
  /** Where the part goes. */
  readonly at: Place;
  readonly name: string;
  readonly kind: TaughtKind;
  /** What was asked about, and what people said of it. */
  readonly setId: string;
  readonly subject: DatasetRef;
  readonly results: DatasetRef;
  readonly problems: LateInput['problems'];
}

/** A part of D_v or D_mv from questions beside those of lap 1; none where they came to no score to train on. */
export async function recordLate(
  store: ArtifactStore,
  { lap, at, name, kind, setId, subject, results, problems: { validation, heldOut, leftOut } }: AskedLate,
): Promise<{ readonly rows: number; readonly heldBack: number; readonly ref?: DatasetRef }> {
  const reviews = await store.rowsById<ReviewRow>(results);
  const field = kind === 'scoreAnalysis' ? 'quality' : 'score';
  const rows = await store.readRows<ScoredProof & ScoredAnalysis>(subject);
  const answers = { reviewId: setId };
  const made = madeBy('recordLate', { subject, results, answers, 'held back': [validation, heldOut] });
  const scored = rows.flatMap((row) => withScore(row, field, reviews, lap));
  return join(store, { at, name }, scored, await problemsOf(store, validation, heldOut, leftOut), made);
}

/** Rows of problems that are held back are kept beside those that are trained on. */
async function join(
  store: ArtifactStore,
  { at, name }: { readonly at: Place; readonly name: string },
  scored: readonly { readonly problem: Problem }[],
  held: ReadonlySet<string>,
  made: ReturnType<typeof madeBy>,
) {
  const back = scored.filter(({ problem }) => held.has(problem.id));
  const trained = scored.filter(({ problem }) => !held.has(problem.id));
  if (back.length > 0) await store.writeJsonl(uri.dataset(at, `${name}-held-back`), back, made);
  const ref = trained.length > 0 ? await store.writeJsonl(uri.dataset(at, name), trained, made) : undefined;
  return { rows: trained.length, heldBack: back.length, ...(ref && { ref }) };
}

const datasetOf = (lap: string, name: string) => uri.dataset(placeOf(lap, 'late'), name);

/** Ids of the problems of these datasets. */
async function problemsOf(store: ArtifactStore, ...parts: readonly (DatasetRef | undefined)[]): Promise<Set<string>> {
  const rows = await store.readRows<Problem | FaultyProblem>(...parts.filter((part) => part !== undefined));
  return new Set(rows.map(({ id }) => id));
}

/** The questions of each set. */
function bySet(questions: readonly LateQuestion[]): LateQuestion[][] {
  const sets = new Map<string, LateQuestion[]>();
  for (const question of questions) {
    const set = sets.get(question.setId);
    if (set) set.push(question);
    else sets.set(question.setId, [question]);
  }
  return [...sets.values()];
}
