import type { Watch, WATCHED } from './variant.ts';

/** A watched metric in a person's words. */
export const METRIC_WORDS: Readonly<Record<(typeof WATCHED)[number], string>> = {
  entropy: 'entropy',
  kl: 'KL divergence',
  clipShare: 'clipped share',
  gradientNorm: 'gradient norm',
  flatGroupShare: 'share of groups without spread',
  truncatedShare: 'truncated share',
  completionTokens: 'tokens a completion',
};

const THEN = { warn: 'is warned of', stop: 'ends the stage', fail: 'fails the job' } as const;

/** `entropy below 0.05 over 5 steps ends the stage`. */
export function watchText({ metric, above, below, steps = 5, policy }: Watch): string {
  const bounds = [
    ...(below === undefined ? [] : [`below ${below}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
  ];
  return `${METRIC_WORDS[metric]} ${bounds.join(' or ')} over ${steps} step${steps === 1 ? '' : 's'} ${THEN[policy]}`;
}
