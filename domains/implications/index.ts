import { programOf, type Domain } from '../../shared/domain.ts';
import { implicationsChecker } from './checker.ts';
import { smoke } from './presets.ts';
import { sameClaim, settings, splitClaims, type ImplicationsSettings } from './problems.ts';

/** Letters that follow from letters: small, of another kind than the rehearsal. README.md tells of it. */
export const implications: Domain<ImplicationsSettings> = {
  name: 'implications',
  settings,
  presets: { 'implications-smoke': smoke },
  prompts: 'implications',
  bases: { chance: 'domains/implications/checkpoints/chance' },
  measured: {
    of: 'mean of one implications-smoke lap',
    tokens: {
      prove: { prompt: 43, completion: 4 },
      refine: { prompt: 66, completion: 5 },
      selfVerify: { prompt: 49, completion: 10 },
      selfRefine: { prompt: 49, completion: 10 },
      verify: { prompt: 54, completion: 6 },
      metaVerify: { prompt: 73, completion: 5 },
    },
    tokensPerSecond: 2_500,
    startSeconds: 9,
    secondsPerSample: 0.015,
    distinctAnswers: 3.5, // of a group of 4
  },
  checker: implicationsChecker,
  expert: programOf(implicationsChecker),
  sameProblem: sameClaim,
  sizes: ({ train, validation, heldOut, next }) => ({ train, validation, heldOut, next }),
  problems: splitClaims,
};
