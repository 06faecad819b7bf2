import { isDeepStrictEqual } from 'node:util';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import type { RunTrainingInput } from './types.ts';

/** A training, and by what its rewards are given where it has any. */
export interface SpecifiedTraining {
  readonly input: RunTrainingInput;
  readonly spec?: RewardSpec | undefined;
}

/**
 * The fields in which two trainings may come to something else; none where one's result, and its states, are the
 * other's. Names, places, machines and patience change nothing, and a limit beyond which a training fails nothing as
 * long as it is not lower than it was.
 */
export function differingFields(earlier: SpecifiedTraining, now: SpecifiedTraining): string[] {
  const [was, is] = [inputsOf(earlier), inputsOf(now)];
  const differing = Object.keys({ ...was, ...is }).filter((field) => !isDeepStrictEqual(was[field], is[field]));
  const [had, has] = [limitsOf(earlier), limitsOf(now)];
  return [...differing, ...LIMITS.filter((limit) => has[limit] < had[limit])];
}

function inputsOf({ input, spec }: SpecifiedTraining): Record<string, unknown> {
  const { kind, engine, engineOptions, templateKwargs = {}, initCheckpoint, referenceCheckpoint, datasets } = input;
  const { maxLongRowShare: _, maxUnscorableShare: __, checkpointEverySteps: ___, ...hyper } = hyperOf(input);
  const roles = datasets.map(({ role }) => role);
  const told = Object.entries(templateKwargs).filter(([task]) => kind === 'sft' || roles.includes(task));
  return {
    kind,
    engine,
    engineOptions,
    templateKwargs: Object.fromEntries(told),
    initCheckpoint: initCheckpoint.sha256,
    referenceCheckpoint: referenceCheckpoint?.sha256,
    datasets: datasets.map(({ role, ref, weight }) => ({ role, sha256: ref.sha256, weight })),
    ...named('hyper', hyper),
    ...(spec && named('rewards', rewardingOf(spec, roles))),
  };
}

const named = (prefix: string, fields: object) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${prefix}.${name}`, value as unknown]));

/** What the rewards of a training on these tasks depend on: of its judges, and of formulas, those that it has. */
function rewardingOf(spec: RewardSpec, tasks: readonly string[]): object {
  const { judges, prompts, sampling, seed, judgeAttempts, overlong, maxRevisions } = spec;
  const { verifier, metaVerifier } = judges;
  const ifAny = (verifier ?? metaVerifier) && { prompts: prompts.sha256, seed, judgeAttempts, overlong };
  const ifVerifier = verifier && {
    verifier: verifier.checkpoint.sha256,
    verify: sampling.verify,
    verdictsPerReward: spec.verdictsPerReward,
  };
  const ifMeta = metaVerifier && {
    metaVerifier: metaVerifier.checkpoint.sha256,
    metaVerify: sampling.metaVerify,
    metaVerdictsPerReward: spec.metaVerdictsPerReward,
  };
  const { useMetaReward, proofWeight, selfAnalysisWeight } = spec;
  return {
    useMetaReward,
    ...ifAny,
    ...ifVerifier,
    ...ifMeta,
    ...(tasks.includes('selfVerify') && { proofWeight, selfAnalysisWeight }),
    ...(tasks.includes('selfRefine') && { maxRevisions }),
  };
}

const LIMITS = ['hyper.maxLongRowShare', 'hyper.maxUnscorableShare', 'rewards.maxLossShare'] as const;

/** With the defaults of where they are kept to. */
function limitsOf({ input, spec }: SpecifiedTraining): Record<(typeof LIMITS)[number], number> {
  const { maxLongRowShare = 0.05, maxUnscorableShare = 0 } = hyperOf(input);
  return {
    'hyper.maxLongRowShare': maxLongRowShare,
    'hyper.maxUnscorableShare': maxUnscorableShare,
    'rewards.maxLossShare': spec?.maxLossShare ?? 1,
  };
}

const hyperOf = ({ hyper }: RunTrainingInput) =>
  hyper as RunTrainingInput['hyper'] & { readonly maxUnscorableShare?: number };
