import type { MeasuredBases } from './cost/assumed.ts';
import type { ProblemFacts, Sizing } from './lap/facts.ts';
import type { Recipe } from './recipe/recipe.ts';
import type { AlikeRule } from './problems/alike.ts';
import type { AlikePair, HeldBack } from './problems/held.ts';
import type { ProblemCounts } from './lap/sizes.ts';
import type { Problem } from './records.ts';
import type { QuestionKind } from './review/reviews.ts';
import type { ProofScore, QualityScore, Score } from './scores.ts';

/**
 * All that a team brings. `domains/index.ts` registers it by one line, and nothing else names it; the contract that
 * every domain passes is `test/domains/contract.ts`.
 *
 * `Settings` is what `settings.parse` makes of `recipe.domain.settings`.
 */
export interface Domain<Settings = unknown> {
  /** The name that a recipe gives it by, `recipe.domain.name`. */
  readonly name: string;
  /**
   * Reads the domain's own fields, its defaults filled in; what it gives is read again as it is.
   * @throws an error that says which field is wrong; a ZodError is told field by field.
   */
  readonly settings: { parse(value: unknown): Settings };
  /** Whole recipes by name. No two domains share a name; the first domain's first is what an empty input means. */
  readonly presets: Readonly<Record<string, Recipe>>;
  /** Presets whose sizes follow from what a team brings. @default a preset's sizes are those it states */
  readonly sizing?: Readonly<Record<string, Sizing>>;
  /** The prompt set that its models are asked by, where a recipe does not say another. */
  readonly prompts: string;
  /** Checkpoints that come with it: name → folder below the project's. The first is the default. */
  readonly bases: Readonly<Record<string, string>>;
  /** What laps with these bases were seen to take. @default assumed, as of any large model */
  readonly measured?: MeasuredBases;
  /** Truth, where there is one. */
  readonly checker?: Checker;
  /** Who answers questions where people do not, named as what it is. */
  readonly expert?: ExpertProgram;
  /**
   * The key by which two statements are one problem, which no two splits share. A domain that draws its problems has
   * one. @default statements that are near-equal are one problem (docs/method.md, "Splits"), and what one lap holds out
   * no later lap of the store trains on
   */
  sameProblem?(statement: string): string;
  /** When statements are near-equal, where there is no such key. @default `USUAL_RULE` */
  alike?(settings: Settings): AlikeRule;
  /**
   * How many problems there will be in each lap, whatever its turn, as a plan needs to know.
   * @param asked as many as the cold start asks about, for a domain that cannot know before it reads them.
   * @param counted what was read of them already.
   */
  sizes(settings: Settings, asked: number, counted?: ProblemFacts): ProblemCounts;
  /**
   * D_p by its splits, before anything is sampled. Equal asks give equal problems, ids included. Another seed gives
   * other training problems. No problem is in two splits, but that `next` may be `train` where there is nothing harder.
   * The held-out set is made for comparison: it should not depend on the seed where the domain can draw it anew.
   * @throws when a lap would have nothing to train on.
   */
  problems(ask: ProblemsAsked<Settings>): Promise<Splits>;
}

export interface ProblemsAsked<Settings> {
  readonly settings: Settings;
  /**
   * The lap's place in its chain, counted from 1. With curriculum `harder` each turn is harder than the last, while
   * there is anything harder; with `none` all turns are the first, `next` too.
   */
  readonly turn: number;
  readonly curriculum: Recipe['curriculum'];
  readonly seed: number;
  /** From lap 2 on what the chain holds out and validates on: it comes back as it is. */
  readonly kept?: Pick<Splits, 'validation' | 'heldOut'>;
  /** What other laps of the store hold out, as they came; of a domain without a key of its own. @default nothing */
  readonly heldBefore?: readonly HeldBack[];
  /** Lines of a file in the store. @throws when it is not there, naming the place. */
  readonly read: (uri: string) => AsyncIterable<string>;
}

export interface Splits {
  readonly train: readonly Problem[];
  readonly validation: readonly Problem[];
  readonly heldOut: readonly Problem[];
  /** Of the next lap's difficulty, which this one writes proofs of at its end. */
  readonly next: readonly Problem[];
  /** What no lap asks about, each problem by its name. @default none */
  readonly leftOut?: readonly { readonly id: string; readonly why: string }[];
  /** Pairs of near-equal statements, which made groups of problems. @default none */
  readonly alike?: readonly AlikePair[];
  /** All that nothing to train on may be near-equal to. @default nothing */
  readonly away?: readonly HeldBack[];
}

/**
 * Ground truth, where a domain has it (natural-language proofs do not). It measures, and may stand behind an
 * ExpertProgram; nothing in training or labelling reads it. Total: any text is a proof or an analysis, a worthless one
 * where it makes no sense.
 */
export interface Checker {
  /** Name shown wherever its word counts. */
  readonly name: string;
  proofScore(problem: Problem, proof: string): ProofScore;
  analysis(problem: Problem, proof: string, analysis: string): AnalysisTruth;
}

/** The truth about one analysis. */
export interface AnalysisTruth {
  /** Its quality by the meta rubric (paper A.3): of what it claims. */
  readonly quality: QualityScore;
  /** Issues it claims, harmless remarks among them, and how many of them are real. */
  readonly claimedIssues: number;
  readonly realClaimedIssues: number;
  /** Real flaws of the proof, and how many of them it reports. */
  readonly flaws: number;
  readonly flawsReported: number;
  /** Harmless remarks: possible real ones, real ones made, false ones made. */
  readonly remarks: number;
  readonly remarksReported: number;
  readonly falseRemarks: number;
}

/**
 * The quality by the rubric that also scores what an analysis misses (ours: the paper's punishes false alarms alone):
 * none of the real issues reported is 0, some of them 0.5 at most.
 */
export function qualityWithMisses(truth: AnalysisTruth): QualityScore {
  const { quality, flaws, flawsReported, remarks, remarksReported } = truth;
  if (flawsReported + remarksReported >= flaws + remarks) return quality;
  return flawsReported + remarksReported === 0 ? 0 : (Math.min(quality, 0.5) as QualityScore);
}

/** The checker, its qualities by a recipe's rubric. */
export function byRubric(checker: Checker, rubric: Recipe['metaRubric'] = 'claims'): Checker {
  if (rubric === 'claims') return checker;
  const analysis: Checker['analysis'] = (...about) => {
    const truth = checker.analysis(...about);
    return { ...truth, quality: qualityWithMisses(truth) };
  };
  return { ...checker, analysis };
}

/** A program that answers questions in people's place. Total, as a checker is. */
export interface ExpertProgram {
  /** Shown with each of its answers. */
  readonly name: string;
  /** @param rubric of quality scores. @default claims */
  answer(
    kind: QuestionKind,
    row: { readonly problem: Problem; readonly proof: string; readonly analysis?: string | undefined },
    rubric?: Recipe['metaRubric'],
  ): Score;
}

/** A program that says what the checker knows, under its name. */
export function programOf(checker: Checker): ExpertProgram {
  return {
    name: checker.name,
    answer: (kind, { problem, proof, analysis = '' }, rubric) =>
      kind === 'scoreAnalysis'
        ? byRubric(checker, rubric).analysis(problem, proof, analysis).quality
        : checker.proofScore(problem, proof),
  };
}

/** The domains of this installation. */
export interface Domains {
  readonly presets: Readonly<Record<string, Recipe>>;
  /** The preset that an empty input means. */
  readonly usualPreset: string;
  readonly byName: ReadonlyMap<string, Domain>;
  /** @throws when there is none of that name, naming those that there are. */
  of(name: string): Domain;
  readonly checkerOf: (name: string) => Checker | undefined;
}

/** @throws when a name of a domain or a preset comes twice. */
export function registry(...domains: readonly [Domain, ...Domain[]]): Domains {
  const byName = new Map(domains.map((domain) => [domain.name, domain]));
  const presets = domains.flatMap((domain) => Object.entries(domain.presets));
  for (const names of [domains.map(({ name }) => name), presets.map(([name]) => name)]) {
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined)
      throw new Error(`Expected each domain and preset to have a name of its own, got ${twice} twice`);
  }
  const of = (name: string): Domain => {
    const domain = byName.get(name);
    if (domain === undefined)
      throw new Error(`Expected domain.name to be one of ${[...byName.keys()].join(', ')}, got "${name}"`);
    return domain;
  };
  return {
    presets: Object.fromEntries(presets),
    usualPreset: presets[0]?.[0] ?? '',
    byName,
    of,
    checkerOf: (name) => of(name).checker,
  };
}
