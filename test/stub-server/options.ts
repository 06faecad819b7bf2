/**
 * How the stub behaves. Everything about one answer follows from its request's seed and text, so equal requests get
 * equal answers.
 */
export interface StubOptions {
  readonly port: number;
  /** 1: it stays when the process that started it ends, as a replica of a pool does. */
  readonly stays: number;
  /** Latency is lognormal: half of the answers take longer than this, milliseconds. */
  readonly medianMs: number;
  /**
   * Spread of the latency's logarithm; 0 = all equal. At 0.8 one answer in a hundred takes more than 6.4 times the
   * median.
   */
  readonly sigma: number;
  /** Share of answers that take ten times their latency. */
  readonly stragglers: number;
  /** Calls at once beyond which it answers 429 (0 = none), and what Retry-After then says, seconds (0 = nothing). */
  readonly capacity: number;
  readonly retryAfter: number;
  /** Limits as hosted servers have them (limits.ts), beyond which it answers 429 with a Retry-After. 0 = none. */
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  /** Tokens of prompts that it reads in a second, before an answer begins: 0 = as many as come. */
  readonly prefill: number;
  /** Blocks of its prefix cache (cache.ts), 0 = it has none; and whether replies say what was in it, 0 = they do not. */
  readonly cacheBlocks: number;
  readonly tellsCached: number;
  /** Bytes of filler in an answer. */
  readonly textBytes: number;
  /** Share of analyses that report an issue, and of meta-analyses that confirm it. */
  readonly issues: number;
  readonly confirms: number;
  /**
   * How much proofs differ: 0, the same share of issues is reported of each; 1, that share is spread evenly from none
   * to twice `issues`, by the proof.
   */
  readonly differ: number;
  /** Share of its issues that each refinement takes from a proof. */
  readonly refines: number;
  /** Shares of the verdicts that are cut off: of those below 1, and of those of 1. */
  readonly criticalLost: number;
  readonly friendlyLost: number;
  /**
   * Share of answers that are thought over before. Of those the share that comes to no answer; of the others the shares
   * whose thoughts come in a field, and in the text without the mark that opens them.
   */
  readonly thinks: number;
  readonly thinksInVain: number;
  readonly thinksInField: number;
  readonly thinksBare: number;
  /** Which of MARKS stand around thoughts in the text. */
  readonly marks: number;
  /** Shares of faulty answers. */
  readonly refused: number;
  readonly empty: number;
  readonly unparseable: number;
  readonly truncated: number;
  readonly boxOfSeven: number;
  readonly invalidUtf8: number;
  readonly cut: number;
  readonly huge: number;
  readonly broken: number;
  /** Which checkpoint it plays: with one, it gives log-probabilities, and its texts say its number. 0 = none. */
  readonly checkpoint: number;
  /** 1: its answers are under another name. 2: the fingerprint of its build says the checkpoint. */
  readonly says: number;
}

export const STUB_DEFAULTS: StubOptions = {
  port: 0,
  stays: 0,
  medianMs: 100,
  sigma: 0.8,
  stragglers: 0,
  capacity: 0,
  retryAfter: 0,
  requestsPerMinute: 0,
  tokensPerMinute: 0,
  prefill: 0,
  cacheBlocks: 0,
  tellsCached: 1,
  textBytes: 200,
  issues: 0.4,
  confirms: 0.6,
  differ: 0,
  refines: 0,
  criticalLost: 0,
  friendlyLost: 0,
  thinks: 0,
  thinksInVain: 0,
  thinksInField: 0.5,
  thinksBare: 0,
  marks: 0,
  refused: 0,
  empty: 0,
  unparseable: 0,
  truncated: 0,
  boxOfSeven: 0,
  invalidUtf8: 0,
  cut: 0,
  huge: 0,
  broken: 0,
  checkpoint: 0,
  says: 0,
};

export const FAULTS = [
  'refused',
  'empty',
  'unparseable',
  'truncated',
  'boxOfSeven',
  'invalidUtf8',
  'cut',
  'huge',
  'broken',
] as const;
export type Fault = (typeof FAULTS)[number];
/** Those that an answer can have that has begun. */
export const TEXT_FAULTS: ReadonlySet<Fault> = new Set(['empty', 'unparseable', 'truncated', 'boxOfSeven', 'huge']);

/** Three independent numbers in [0, 1) of a seed. */
export function draws(seed: number, salt: number): [number, number, number] {
  let state = Math.imul(seed ^ (salt * 0x9e3779b1), 0x85ebca6b) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return [next(), next(), next()];
}

/** Milliseconds until the answer to a request with this seed. */
export function latencyOf(options: Pick<StubOptions, 'medianMs' | 'sigma' | 'stragglers'>, seed: number): number {
  const [a, b, c] = draws(seed, 1);
  const normal = Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
  return options.medianMs * Math.exp(options.sigma * normal) * (c < options.stragglers ? 10 : 1);
}

/** Which fault, if any, befalls the request with this seed. */
export function faultOf(options: StubOptions, seed: number): Fault | undefined {
  let [share] = draws(seed, 2);
  for (const fault of FAULTS) {
    if (share < options[fault]) return fault;
    share -= options[fault];
  }
  const [issue] = draws(seed, 3);
  const [cut] = draws(seed, 4);
  return cut < (issue < options.issues ? options.criticalLost : options.friendlyLost) ? 'truncated' : undefined;
}
