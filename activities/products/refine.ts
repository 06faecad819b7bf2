import type { Problem, DatasetRef, ProofRow } from '../../shared/records.ts';
import type { OutcomeKind } from '../../shared/outcomes.ts';
import type { ProofScore } from '../../shared/scores.ts';
import { uri, type Place } from '../../shared/ids.ts';
import type { IterationSummary } from '../../shared/products/search.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { proofIn } from '../datasets/proofs.ts';
import { idOfText } from '../datasets/judged.ts';
import { readOutcomes } from '../sets/outcomes.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';

/** Sequential refinement (paper 3.3.2), iteration by iteration. */

/** A thread as an iteration asks about it: with the proof that it holds, and that proof's own evaluation. */
interface ThreadRow extends SetRow {
  readonly selfScore?: ProofScore;
}

/** Threads that an iteration asks: those without a proof write one, the others refine theirs. */
export interface AskedThreads {
  /** In iteration 1 the problem, once for each thread. */
  readonly anew: DatasetRef;
  readonly again: DatasetRef;
}

/** Sets in which an iteration's threads answered; a set that nobody was in is absent. */
export interface IterationSets {
  readonly anew?: string | undefined;
  readonly again?: string | undefined;
  /** Of what `again` wrote, where its answers have no evaluation of their own. */
  readonly evaluations?: string | undefined;
}

/** What an iteration of a thread came to, a row each, in the order of the threads. */
export interface AttemptRow {
  readonly id: string;
  readonly thread: number;
  readonly iteration: number;
  readonly outcome: OutcomeKind;
  /** With its evaluation; null where one of them could not be read. */
  readonly wrote: {
    readonly id: string;
    readonly proof: string;
    readonly selfAnalysis: string;
    readonly selfScore: ProofScore;
    readonly model: string;
  } | null;
}

const threadId = (problem: string, thread: number): string => `${problem}-t${thread}`;
const threadOf = (row: string): number => Number(row.slice(row.lastIndexOf('-t') + 2));

/** Refined proofs that wrote no evaluation of their own, as rows that the same model is asked to verify. */
export async function proofsToEvaluate(
  store: ArtifactStore,
  { at, iteration, asked, setId }: { at: Place; iteration: number; asked: DatasetRef; setId: string },
): Promise<DatasetRef> {
  const rows = await store.rowsById<ThreadRow>(asked);
  async function* refined(): AsyncGenerator<SetRow> {
    for await (const outcome of readOutcomes(store, setId)) {
      const row = rows.get(outcome.row);
      const answer = proofIn(outcome);
      if (row !== undefined && answer !== undefined) yield { id: row.id, problem: row.problem, proof: answer.proof };
    }
  }
  const made = madeBy('proofsToEvaluate', { rows: asked, answers: setId });
  return store.writeJsonl(uri.dataset(at, `refined-${iteration}`), refined(), made);
}

interface AdvanceInput {
  readonly at: Place;
  /** From 1. */
  readonly iteration: number;
  /** One SetRow. */
  readonly problem: DatasetRef;
  /** @default of iteration 1: all threads, without a proof */
  readonly asked?: AskedThreads | undefined;
  readonly sets: IterationSets;
  /** Of the iteration before. */
  readonly before?: IterationSummary | undefined;
}

/**
 * What an iteration came to, and whom the next one asks: all threads but those that have given themselves 1. A thread
 * whose answer could not be read keeps what it has, and tries on.
 */
export async function advanceThreads(
  store: ArtifactStore,
  input: AdvanceInput,
): Promise<{ attempts: DatasetRef; next: AskedThreads; summary: IterationSummary }> {
  const { at, iteration, asked, sets, before } = input;
  const problem = await onlyProblem(store, input.problem);
  const had = await store.rowsById<ThreadRow>(...(asked ? [asked.anew, asked.again] : []));
  const attempts = await attemptsOf(store, input, problem);
  const held = attempts.map(({ id, wrote }): ThreadRow => {
    if (wrote === null) return had.get(id) ?? { id, problem };
    return { id, problem, proof: wrote.proof, analysis: wrote.selfAnalysis, selfScore: wrote.selfScore };
  });
  const made = madeBy('advanceThreads', { problem: input.problem, answers: setsIn(sets) });
  const write = (name: string, rows: readonly unknown[]) =>
    store.writeJsonl(uri.dataset(at, `${name}-${iteration}`), rows, made);
  const going = held.filter(({ selfScore }) => selfScore !== 1);
  return {
    attempts: await write('attempts', attempts),
    next: {
      anew: await write(
        'without-proof',
        going.filter(({ proof }) => proof === undefined),
      ),
      again: await write(
        'to-refine',
        going.filter(({ proof }) => proof !== undefined),
      ),
    },
    summary: summaryOf(iteration, attempts, held, before),
  };
}

const setsIn = ({ anew, again, evaluations }: IterationSets): string[] =>
  [anew, again, evaluations].flatMap((set) => set ?? []);

/** In the order of the threads. */
async function attemptsOf(
  store: ArtifactStore,
  { iteration, asked, sets }: AdvanceInput,
  problem: Problem,
): Promise<AttemptRow[]> {
  const evaluations = sets.evaluations === undefined ? undefined : await evaluationsIn(store, sets.evaluations);
  const attempts: AttemptRow[] = [];
  for (const setId of setsIn({ anew: sets.anew, again: sets.again }))
    for await (const outcome of readOutcomes(store, setId)) {
      const thread = asked === undefined ? outcome.sample : threadOf(outcome.row);
      const about = { id: threadId(problem.id, thread), thread, iteration };
      const answer = proofIn(outcome);
      const isBare = setId === sets.again && evaluations !== undefined;
      const own = isBare ? evaluations.get(about.id) : evaluationIn(outcome.kind, answer?.selfAnalysis, answer?.score);
      if (answer === undefined || own?.analysis === undefined || own.score === undefined) {
        const lost = outcome.kind === 'answered' ? (own?.kind ?? 'failed') : outcome.kind;
        attempts.push({ ...about, outcome: lost, wrote: null });
        continue;
      }
      const { proof } = answer;
      const texts = { proof, selfAnalysis: own.analysis, selfScore: own.score, model: outcome.model };
      attempts.push({ ...about, outcome: 'answered', wrote: { id: idOfText(problem.id, proof), ...texts } });
    }
  return attempts.sort((a, b) => a.thread - b.thread);
}

interface OwnEvaluation {
  readonly kind: OutcomeKind;
  readonly analysis?: string | undefined;
  readonly score?: ProofScore | undefined;
}

const evaluationIn = (kind: OutcomeKind, analysis?: string, score?: ProofScore): OwnEvaluation => ({
  kind,
  analysis,
  score,
});

/** By thread. */
async function evaluationsIn(store: ArtifactStore, setId: string): Promise<Map<string, OwnEvaluation>> {
  const found = new Map<string, OwnEvaluation>();
  for await (const { row, kind, text, score } of readOutcomes(store, setId))
    found.set(row, kind === 'answered' ? { kind, analysis: text, score } : { kind });
  return found;
}

function summaryOf(
  iteration: number,
  attempts: readonly AttemptRow[],
  held: readonly ThreadRow[],
  before?: IterationSummary,
): IterationSummary {
  const answers = { answered: 0, unparseable: 0, truncated: 0, failed: 0 };
  for (const { outcome } of attempts) answers[outcome] += 1;
  const of = (score: ProofScore | undefined): number => held.filter(({ selfScore }) => selfScore === score).length;
  const ended = (before?.held['1'] ?? 0) + of(1);
  return { iteration, answers, held: { '0': of(0), '0.5': of(0.5), '1': ended, none: of(undefined) } };
}

export async function onlyProblem(store: ArtifactStore, rows: DatasetRef): Promise<Problem> {
  const [row] = await store.readRows<SetRow>(rows);
  if (row === undefined) throw new Error(`Expected ${rows.uri} to hold one problem, got none`);
  return row.problem;
}

/** ProofRows: all distinct proofs that threads held, for the judge; equal texts are judged once. */
export async function heldProofs(
  store: ArtifactStore,
  { at, problem: asWhole, attempts }: { at: Place; problem: DatasetRef; attempts: readonly DatasetRef[] },
): Promise<DatasetRef> {
  const problem = await onlyProblem(store, asWhole);
  const seen = new Set<string>();
  async function* distinct(): AsyncGenerator<ProofRow> {
    for (const part of attempts)
      for await (const { iteration, wrote } of store.readJsonl<AttemptRow>(part)) {
        if (wrote === null || seen.has(wrote.id)) continue;
        seen.add(wrote.id);
        const { id, proof, model } = wrote;
        yield { id, problem, proof, model, round: iteration };
      }
  }
  return store.writeJsonl(uri.dataset(at, 'proofs'), distinct(), madeBy('heldProofs', { attempts }));
}
