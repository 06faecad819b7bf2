import { differences, type FieldChange } from './changes.ts';
import { show } from '../recipe/issues.ts';
import { engineOf } from '../recipe/means.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { LapShape } from './orders.ts';
import type { TrainingLayout } from './layout.ts';
import { ordersOf, type PhaseName } from './phases.ts';

/** What failed laps hold of a phase. */
export interface HeldPhase {
  /** Outcomes of calls on ledgers, judges' included. */
  readonly calls: number;
  /** Questions that people, or a program in their place, have answered. */
  readonly answers: number;
  /** Optimizer steps that a training was through with, or has a state of. */
  readonly training?: { readonly steps: number; readonly done: boolean } | undefined;
}
export type Held = Readonly<Partial<Record<PhaseName, HeldPhase>>>;

/** What becomes of a phase when a failed lap is mended, in words. */
export interface MendedPhase {
  readonly phase: PhaseName;
  readonly does: 'takes' | 'goes on' | 'repeats' | 'begins';
  readonly text: string;
}

/** A line a phase. */
export const mendingLines = (phases: readonly MendedPhase[]): string[] =>
  phases.map(({ phase, does, text }) => `${phase} ${does}: ${text}`);

/** Fields that every model or text depends on. */
const EVERYWHERE = ['seed', 'domain.base', 'domain.prompts'];
const ENGINE = ['training.engine', 'training.engineOptions'];
const templateOf = (...tasks: readonly string[]) => tasks.map((task) => `sampling.${task}.templateKwargs`);
const JUDGED = ['rewards.judgeAttempts', 'rewards.overlong'];
const VERIFIER = [...JUDGED, 'rewards.verdictsPerReward', 'sampling.verify'];
const META_VERIFIER = [...JUDGED, 'rewards.metaVerdictsPerReward', 'sampling.metaVerify', 'metaVerification'];

/** Who is asked, and how many of the questions are waited for. */
const PEOPLE = ['experts.seats', 'experts.enough', 'domain.experts'];

interface Reach {
  /** Fields by which what is asked, or learned, is something else. */
  readonly all: readonly string[];
  /** Fields by which more or less is asked, or something else is made of the answers: equal questions stay equal. */
  readonly some?: readonly string[];
}

/** Which fields of a recipe reach which phase by themselves; what follows from an earlier phase is beside them. */
const REACH: Readonly<Record<PhaseName, Reach>> = {
  open: { all: ['domain.name', 'domain.settings', 'seed', 'curriculum', 'given'] },
  formatCheck: { all: [...EVERYWHERE, 'sampling'], some: ['formatCheck', 'metaVerification', 'selfVerification'] },
  late: { all: ['domain.name', 'domain.settings'], some: PEOPLE },
  consolidation: {
    all: [...EVERYWHERE, 'consolidation', 'consolidateFrom', ...ENGINE, 'sampling.verify', 'sampling.metaVerify'],
    some: ['metaVerification', 'labelling.metaAnalysesPerAnalysis', 'labelling.confirmingMetaScore'],
  },
  coldStart: {
    all: [...EVERYWHERE, 'sampling.prove', 'sampling.verify', 'sampling.refine'],
    some: ['coldStart', 'experts.gold', ...PEOPLE],
  },
  verifierV1: { all: [...EVERYWHERE, 'stages.verifierV1', ...ENGINE, ...templateOf('verify')] },
  metaData: { all: [...EVERYWHERE, 'sampling.verify'], some: ['metaData', ...PEOPLE] },
  metaVerifier: { all: [...EVERYWHERE, 'stages.metaVerifier', ...ENGINE, ...templateOf('metaVerify')] },
  verifierV2: {
    all: [
      ...EVERYWHERE,
      'stages.verifierV2',
      'rewards.metaShare',
      ...ENGINE,
      ...META_VERIFIER,
      ...templateOf('verify', 'metaVerify'),
    ],
  },
  generator: { all: [...EVERYWHERE, 'verifier', 'stages.generator', ...ENGINE, ...VERIFIER, ...templateOf('prove')] },
  selfVerification: {
    all: [
      ...EVERYWHERE,
      'verifier',
      'stages.selfVerification',
      'selfVerification',
      ...ENGINE,
      ...VERIFIER,
      ...META_VERIFIER,
      'rewards.metaJudge',
      'rewards.proofWeight',
      'rewards.selfAnalysisWeight',
      'rewards.maxRevisions',
      ...templateOf('selfVerify', 'selfRefine'),
    ],
  },
  scaleVerification: {
    all: [
      ...EVERYWHERE,
      'selfVerification',
      'rewards.metaJudge',
      'metaVerification',
      'sampling.selfVerify',
      'sampling.selfRefine',
      'sampling.verify',
      'sampling.metaVerify',
    ],
    some: ['labelling', 'audit', 'metaData.laterAnalyses', 'annotation', 'experts.gold', ...PEOPLE],
  },
  evaluation: { all: [...EVERYWHERE, 'sampling', 'selfVerification'], some: ['evaluation', 'metaVerification'] },
};

/** A lap, and how its trainings lie on its GPUs where that follows from these (`layout.ts`). */
export interface LaidOut extends LapShape {
  readonly layout?: TrainingLayout['options'];
}

/** The recipe with what its trainings are told by its machines: other GPUs may mean another engine or layout. */
const completed = ({ recipe, layout }: LaidOut): Recipe => {
  const { training } = recipe;
  const engineOptions = { ...layout, ...training.engineOptions };
  return { ...recipe, training: { ...training, engine: engineOf(training), engineOptions } };
};

/** Limits, machines and patience, within what reaches a phase: nothing comes out otherwise by them. */
const NO_MATTER = /\.checkpointEverySteps$/;

/**
 * What a lap that mends another takes over and what it repeats, phase by phase, with the reason: which changed field
 * reaches it, or which earlier phase may come out otherwise. Whatever this says, what is equal is taken and nothing
 * else: it is said before there is anything to compare.
 */
export function mendedPhases(before: LaidOut, now: LaidOut, held: Held): MendedPhase[] {
  const changes = differences('', completed(before), completed(now)).filter(({ field }) => !NO_MATTER.test(field));
  let upstream: PhaseName | undefined;
  return ordersOf(now).map(({ phase }) => {
    const { all, some = [] } = REACH[phase];
    const [asked, sized] = [all, some].map((fields) => changes.filter((change) => reaches(fields, change)));
    const depends = upstream === undefined ? '' : dependsOn(phase, upstream);
    // A check of the formats makes nothing that others go on from.
    const makes = phase !== 'formatCheck' && (asked ?? []).length + (sized ?? []).length > 0;
    if (makes) upstream ??= phase;
    if (phase === 'open') return { phase, ...problems(asked ?? []) };
    return { phase, ...becomes(held[phase], { asked: asked ?? [], sized: sized ?? [], depends }) };
  });
}

const dependsOn = (phase: PhaseName, upstream: PhaseName): string =>
  phase === 'evaluation' ? ', of models that come out as they did' : `, where ${upstream} comes out as it did`;

const reaches = (fields: readonly string[], { field }: FieldChange): boolean =>
  fields.some((each) => each === field || field.startsWith(`${each}.`) || each.startsWith(`${field}.`));

interface Why {
  readonly asked: readonly FieldChange[];
  readonly sized: readonly FieldChange[];
  readonly depends: string;
}

function becomes(held: HeldPhase | undefined, { asked, sized, depends }: Why): Omit<MendedPhase, 'phase'> {
  const { calls = 0, answers = 0, training } = held ?? {};
  const have = [calls > 0 && `${calls} calls`, answers > 0 && `${answers} answers of experts`]
    .filter(Boolean)
    .join(', ');
  if (have === '' && training === undefined)
    return asked.length + sized.length > 0
      ? { does: 'begins', text: changed([...asked, ...sized]) }
      : { does: 'begins', text: 'it had not come so far' };
  if (asked.length > 0) return { does: 'repeats', text: changed(asked) };
  if (sized.length > 0) return { does: 'takes', text: `what is equal of ${have}; ${changed(sized)}` };
  if (training?.done) return { does: 'takes', text: `the checkpoint after ${training.steps} steps${depends}` };
  if (training && training.steps > 0)
    return { does: 'goes on', text: `from its state after ${training.steps} steps${depends}` };
  if (training) return { does: 'begins', text: `it had no state yet${have === '' ? '' : `; takes ${have}`}` };
  return { does: 'takes', text: `${have}${depends}` };
}

const problems = (changes: readonly FieldChange[]): Omit<MendedPhase, 'phase'> =>
  changes.length > 0 ? { does: 'repeats', text: changed(changes) } : { does: 'takes', text: 'the same problems' };

const changed = (changes: readonly FieldChange[]): string =>
  changes.map(({ field, from, to }) => `${field} ${show(from)} → ${show(to)}`).join(', ');
