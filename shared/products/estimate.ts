import { majorityOf } from '../label/autoLabel.ts';
import { MAX_WAVES } from '../label/earlyStop.ts';
import type { Task } from '../records.ts';
import { costOf, type Caps, type Price } from '../sampling/caps.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';
import type { SearchPolicy } from './search.ts';

/** What a product may take, before anything is asked (docs/products.md, "Before the start"). */

/** From what it comes to at least, to what it comes to at most. */
export interface Span {
  readonly fewest: number;
  readonly most: number;
}

/** Which of a product's models is asked. */
export type Asked = 'model' | 'judge';

/** Calls of one kind. */
export interface CallKind {
  readonly task: Task;
  readonly asked: Asked;
  /** Each counted once: a malformed answer that is asked for again comes on top. */
  readonly calls: Span;
  /** How many of them wait for one another. */
  readonly inARow: Span;
  /** Texts by models in its prompt, beside what the rows have. @default none */
  readonly shows?: { readonly proofs: number; readonly analyses: number };
}

const times = ({ fewest, most }: Span, by: number): Span => ({ fewest: by * fewest, most: by * most });
const exactly = (number: number): Span => ({ fewest: number, most: number });

/**
 * Calls of a search over problems. Fewest: each is solved by its first proofs. Most: none before the last round, and
 * nothing is spared.
 * @param atOnce whether one answer refines a proof and evaluates the new one (sequential refinement).
 */
export function searchCalls(search: SearchPolicy, problems: number, atOnce = false): CallKind[] {
  if (search.kind === 'sequential') {
    const { threads, iterations, verdicts } = search;
    const later = { fewest: 0, most: iterations - 1 };
    const [proof, shown] = [
      { proofs: 1, analyses: 0 },
      { proofs: 1, analyses: 1 },
    ];
    const of = (span: Span): Span => times(span, problems * threads);
    return [
      { task: 'selfVerify', asked: 'model', calls: of(exactly(1)), inARow: exactly(1) },
      { task: atOnce ? 'selfVerify' : 'refine', asked: 'model', calls: of(later), inARow: later, shows: shown },
      ...(atOnce ? [] : [{ task: 'verify', asked: 'model', calls: of(later), inARow: later, shows: proof } as const]),
      {
        task: 'verify',
        asked: 'judge',
        calls: of(times({ fewest: 1, most: iterations }, verdicts)),
        inARow: exactly(verdicts > 0 ? 1 : 0),
        shows: proof,
      },
    ];
  }
  const { proofs, analyses, refined, shown, rounds, earlyStop = true } = search;
  // A proof that is spared was asked about once at least.
  const kept = earlyStop ? Math.min(proofs, refined) : proofs;
  const later = { fewest: 0, most: rounds };
  return [
    { task: 'prove', asked: 'model', calls: exactly(problems * proofs), inARow: exactly(1) },
    {
      task: 'refine',
      asked: 'model',
      calls: times(later, problems * refined),
      inARow: later,
      shows: { proofs: 1, analyses: shown },
    },
    {
      task: 'verify',
      asked: 'judge',
      calls: {
        fewest: problems * (kept * analyses + proofs - kept),
        most: problems * (proofs + rounds * refined) * analyses,
      },
      inARow: { fewest: 1, most: rounds + 1 },
      shows: { proofs: 1, analyses: 0 },
    },
  ];
}

/** Calls of an evaluation; of two models that are compared the second is counted as the first. */
export function evaluationCalls(
  subject: 'verifier' | 'generator',
  sizes: {
    readonly rows: number;
    readonly models: number;
    readonly n: number;
    readonly m: number;
    readonly proofsPerProblem: number;
  },
): CallKind[] {
  const { rows, models, n, m, proofsPerProblem } = sizes;
  const answers = rows * models * (subject === 'verifier' ? 1 : proofsPerProblem);
  if (subject === 'generator')
    return [
      { task: 'prove', asked: 'model', calls: exactly(answers), inARow: exactly(1) },
      {
        task: 'verify',
        asked: 'judge',
        // An answer without a proof is not judged.
        calls: { fewest: 0, most: answers * n },
        inARow: exactly(1),
        shows: { proofs: 1, analyses: 0 },
      },
    ];
  return [
    { task: 'verify', asked: 'model', calls: exactly(answers * n), inARow: exactly(1) },
    {
      task: 'metaVerify',
      asked: 'judge',
      // Of analyses that report an issue.
      calls: { fewest: 0, most: answers * n * m },
      inARow: { fewest: 0, most: m > 0 ? 1 : 0 },
      shows: { proofs: 0, analyses: 1 },
    },
  ];
}

/**
 * Calls of labels by n, m and k. Fewest: of a proof n analyses find nothing, or its first k say 0 and the first
 * meta-analyses of each confirm it. Most: every analysis reports an issue, and all of it has to be asked.
 */
export function labelCalls(policy: AutoLabelPolicy, proofs: number, earlyStop: boolean): CallKind[] {
  const { analysesPerProof: n, metaAnalysesPerAnalysis: m, minValidAnalyses: k } = policy;
  const least = earlyStop && k * (1 + majorityOf(m)) < n ? { analyses: k, metas: k * majorityOf(m) } : undefined;
  return [
    {
      task: 'verify',
      asked: 'judge',
      calls: times({ fewest: least?.analyses ?? n, most: n }, proofs),
      inARow: { fewest: 1, most: earlyStop ? MAX_WAVES : 1 },
      shows: { proofs: 0, analyses: 0 },
    },
    {
      task: 'metaVerify',
      asked: 'model',
      calls: times({ fewest: least?.metas ?? 0, most: n * m }, proofs),
      inARow: { fewest: least && m > 0 ? 1 : 0, most: m > 0 ? (earlyStop ? MAX_WAVES : 1) : 0 },
      shows: { proofs: 0, analyses: 1 },
    },
  ];
}

/** Tokens, on average. */
export interface CallTokens {
  readonly prompt: number;
  /** Of all that is written, thinking included. */
  readonly completion: number;
}

/** What each kind of calls takes, and how fast they come. */
export interface Sizes {
  readonly tokensOf: (kind: CallKind) => CallTokens;
  readonly priceOf: (asked: Asked) => Price | undefined;
  /** Calls in flight at once. */
  readonly concurrency: number;
  /** Tokens a second that one call of them writes. */
  readonly tokensPerSecond: (asked: Asked) => number;
  /** Between two calls at least, by the limits of their endpoint. @default 0 */
  readonly secondsApart?: (kind: CallKind) => number;
}

export interface Estimate {
  readonly calls: Span;
  readonly promptTokens: Span;
  readonly completionTokens: Span;
  /** Null where a model has no price. */
  readonly cost: Span | null;
  /** Where no server is slower with all calls in flight than assumed. */
  readonly seconds: Span;
}

export function estimated(kinds: readonly CallKind[], sizes: Sizes): Estimate {
  const sum = (of: (kind: CallKind, end: keyof Span) => number): Span => ({
    fewest: kinds.reduce((all, kind) => all + of(kind, 'fewest'), 0),
    most: kinds.reduce((all, kind) => all + of(kind, 'most'), 0),
  });
  const { tokensOf, priceOf, tokensPerSecond, concurrency, secondsApart = () => 0 } = sizes;
  const costs = sum((kind, end) => {
    const price = priceOf(kind.asked);
    const { prompt, completion } = tokensOf(kind);
    if (kind.calls[end] === 0) return 0;
    return price ? kind.calls[end] * costOf({ promptTokens: prompt, completionTokens: completion }, price) : Number.NaN;
  });
  const secondsOf = (kind: CallKind): number => tokensOf(kind).completion / tokensPerSecond(kind.asked);
  const together = sum((kind, end) => (kind.calls[end] * secondsOf(kind)) / concurrency);
  const inARow = sum((kind, end) => kind.inARow[end] * secondsOf(kind));
  const apart = sum((kind, end) => kind.calls[end] * secondsApart(kind));
  const longest = (end: keyof Span): number => Math.max(together[end], inARow[end], apart[end]);
  return {
    calls: sum(({ calls }, end) => calls[end]),
    promptTokens: sum((kind, end) => kind.calls[end] * tokensOf(kind).prompt),
    completionTokens: sum((kind, end) => kind.calls[end] * tokensOf(kind).completion),
    cost: Number.isNaN(costs.most) ? null : costs,
    seconds: { fewest: longest('fewest'), most: longest('most') },
  };
}

/** The caps that this many of everything would reach, by name. */
export function capsReached({ calls, promptTokens, completionTokens, cost }: Estimate, caps: Caps): (keyof Caps)[] {
  const most: Readonly<Record<keyof Caps, number | undefined>> = {
    calls: calls.most,
    tokens: promptTokens.most + completionTokens.most,
    cost: cost?.most,
  };
  return (Object.keys(most) as (keyof Caps)[]).filter((name) => (most[name] ?? 0) > (caps[name] ?? Infinity));
}
