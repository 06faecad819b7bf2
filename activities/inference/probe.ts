/**
 * What a model makes of fixed prompts: its likeliest tokens, position by position. Two servers of one checkpoint agree
 * in that but for rounding; two checkpoints do not, whatever they are called.
 */
export const PROBE = {
  prompts: [
    'Is 91 a prime number? Give a reason.',
    'Show that the sum of two even integers is even.',
    'Let a and b be positive real numbers. What can be said about (a + b)/2 and the square root of ab?',
  ],
  /** Tokens of each answer, greedily, and the likeliest ones at each. */
  tokens: 16,
  top: 5,
} as const;

/**
 * Most that two probes of one model may differ, in total variation (half of the sum of the differences in probability)
 * over the likeliest tokens: on average, and at any one position. Ours: sums in other orders and in 16 bits shift a
 * probability by a few thousandths, rarely a few hundredths. Two checkpoints with the few steps of a `smoke` lap
 * between them differ by 0.004 to 0.011 on average; the bundled server, whose float32 repeats itself, is held to less
 * than that.
 */
export const TOLERANCE = { mean: 0.01, any: 0.1 } as const;
export const TOLERANCE_BUNDLED = { mean: 0.001, any: 0.01 } as const;

/** One position of an answer. */
export interface Position {
  readonly token: string;
  /** Log-probabilities of the likeliest tokens. */
  readonly top: Readonly<Record<string, number>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** The positions in the `logprobs` of a chat completion's choice; undefined where it has none. */
export function positionsIn(logprobs: unknown): Position[] | undefined {
  const content = (logprobs as Fields | null | undefined)?.['content'];
  if (!Array.isArray(content) || content.length === 0) return undefined;
  return (content as Fields[]).map(({ token, logprob, top_logprobs: top }) => ({
    token: String(token),
    top: Object.fromEntries(
      [...(Array.isArray(top) ? (top as Fields[]) : []), { token, logprob }].map((one) => [
        String(one['token']),
        Math.max(-100, Number(one['logprob'])),
      ]),
    ),
  }));
}

/** How far two probes are apart; undefined where there is no position to compare. */
export function distanceOf(
  a: readonly (readonly Position[])[],
  b: readonly (readonly Position[])[],
): { readonly mean: number; readonly any: number } | undefined {
  const apart: number[] = [];
  for (const [prompt, positions] of a.entries()) {
    for (const [at, position] of positions.entries()) {
      const other = b[prompt]?.[at];
      if (other === undefined) break;
      apart.push(variation(position, other));
      // What follows another token is another question.
      if (position.token !== other.token) break;
    }
  }
  if (apart.length === 0) return undefined;
  return { mean: apart.reduce((sum, one) => sum + one, 0) / apart.length, any: Math.max(...apart) };
}

/**
 * Least total variation that two lists of likeliest tokens allow: a token that one of them lacks is at most its last.
 */
function variation({ top: a }: Position, { top: b }: Position): number {
  const [leastA, leastB] = [a, b].map((top) => Math.exp(Math.min(...Object.values(top)))) as [number, number];
  let sum = 0;
  for (const token of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [p, q] = [a[token], b[token]].map((log) => (log === undefined ? undefined : Math.exp(log)));
    if (p !== undefined && q !== undefined) sum += Math.abs(p - q);
    else sum += Math.max(0, p === undefined ? (q as number) - leastA : p - leastB);
  }
  return sum / 2;
}
