import { programOf, type Domain } from '../../shared/domain.ts';
import { rehearsalChecker } from './checker.ts';
import { rehearsal as preset, smoke } from './presets.ts';
import { settings, splitChains, type RehearsalSettings } from './splits.ts';

/** Chains of arithmetic whose truth is known: a lap that really learns on two cores. README.md tells of it. */
export const rehearsal: Domain<RehearsalSettings> = {
  name: 'rehearsal',
  settings,
  presets: { rehearsal: preset, smoke },
  prompts: 'rehearsal',
  bases: {
    rehearsal: 'domains/rehearsal/checkpoints/rehearsal',
    /** Judges merged lines without recomputing what lies between. */
    weakVerifier: 'domains/rehearsal/checkpoints/weakVerifier',
    /** Judges analyses by the rubric that also scores what they miss. */
    seesMisses: 'domains/rehearsal/checkpoints/seesMisses',
  },
  measured: {
    of: 'mean of a rehearsal lap', // 252 held-out chains of 2 to 8 steps, 640 of 2 to 3
    tokens: {
      prove: { prompt: 18, completion: 28 },
      refine: { prompt: 76, completion: 20 },
      selfVerify: { prompt: 20, completion: 105 },
      selfRefine: { prompt: 20, completion: 180 },
      verify: { prompt: 42, completion: 55 },
      metaVerify: { prompt: 100, completion: 48 },
    },
    tokensPerSecond: 5_000, // beside a training
    startSeconds: 7,
    secondsPerSample: 0.011,
    distinctAnswers: 2.4, // in a group, be it of 4 or 8: a small model repeats itself
  },
  checker: rehearsalChecker,
  expert: programOf(rehearsalChecker),
  // Chains are short and drawn at random: of near-equal ones there are many.
  sameProblem: (statement) => statement.trim(),
  sizes: ({ train, validation, heldOut, next }) => ({ train, validation, heldOut, next }),
  problems: splitChains,
};
