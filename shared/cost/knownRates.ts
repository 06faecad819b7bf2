import * as assumed from './assumed.ts';
import type { Assumed, MeasuredBases } from './assumed.ts';
import {
  judgeCalls,
  labellingPolicy,
  type Basis,
  type MeasuredRates,
  type Tokens,
  type TrainingRate,
} from './rates.ts';
import type { LapFacts } from '../lap/facts.ts';
import type { TrainOrder } from '../lap/orders.ts';
import { labelPolicy } from '../lap/phases.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Task } from '../records.ts';
import type { QuestionKind } from '../review/reviews.ts';

/** All that a plan needs to know beside the recipe's counts. */
export type Rates = ReturnType<typeof knownRates>['rates'];

/** What tells of the next lap: a finished one, or questions that were asked to find out. */
export interface Measure {
  /** Where the rates are from. */
  readonly lap: string;
  readonly rates: Partial<MeasuredRates>;
}

/**
 * Each rate as the first of the measures has it, else as assumed; `basis` says which were asked for, and where each is
 * from.
 * @param small what is known of the recipe's base, where its domain ships it.
 * @param facts of the recipe's base and prompts, where they could be read.
 */
export function knownRates(
  recipe: Recipe,
  measures: readonly Measure[] = [],
  small?: MeasuredBases,
  facts: LapFacts = {},
) {
  const asked = new Map<string, Basis>();
  let simulation: ReturnType<typeof assumed.labelling> | undefined; // takes a moment: once, and only where it is needed
  const simulated = () => (simulation ??= assumed.labelling(recipe));
  const tokensOfCall = (task: Task) => assumed.tokensOfCall(recipe, task, small, facts);
  type Of<T> = (rates: Partial<MeasuredRates>) => T | null | undefined;

  function measured<T>(get: Of<T>): { readonly value: T; readonly source: string } | undefined {
    for (const { lap, rates } of measures) {
      const value = get(rates);
      if (value !== undefined && value !== null) return { value, source: lap };
    }
    return undefined;
  }

  function pick<T>(
    of: string,
    get: Of<T>,
    assume: () => Assumed<T>,
    figuresOf: (value: T) => Readonly<Record<string, number>>,
  ): T {
    const known = measured(get);
    const { value, source } = known ?? assume();
    for (const [figure, number] of Object.entries(figuresOf(value)))
      asked.set(`${figure} ${of}`, { figure, of, value: number, measured: known !== undefined, source });
    return value;
  }
  const one = (figure: string, of: string, get: Of<number>, assume: () => Assumed<number>): number =>
    pick(of, get, assume, (value) => ({ [figure]: value }));
  const tokens = (of: string, get: Of<Tokens>, assume: () => Assumed<Tokens>): Tokens =>
    pick(of, get, assume, ({ prompt, completion }) => ({
      'prompt tokens a call': prompt,
      'completion tokens a call': completion,
    }));

  const rates = {
    tokensOf(phase: string, task: Task): Tokens {
      const here: Of<Tokens> = (rates) => rates.tokens?.[`${phase}/${task}`];
      const isHere = measured(here) !== undefined;
      return tokens(isHere ? `${phase}/${task}` : task, isHere ? here : (rates) => rates.tokens?.[task], () =>
        tokensOfCall(task),
      );
    },
    judgeTokens({ name, judges: { verifier = 0, metaVerifier = 0 } }: TrainOrder): Tokens {
      return tokens(
        `judges of ${name}`,
        (rates) => rates.tokens?.[name],
        () =>
          mixed([
            [verifier, tokensOfCall('verify')],
            [metaVerifier, tokensOfCall('metaVerify')],
          ]),
      );
    },
    training(order: TrainOrder): TrainingRate {
      const { name } = order;
      const here = <T>(of: (rate: TrainingRate) => T | null): Of<T> => {
        return ({ trainings }) => (trainings?.[name] === undefined ? undefined : of(trainings[name]));
      };
      return {
        ...pick(
          name,
          here(({ startSeconds, secondsPerSample }) => ({ startSeconds, secondsPerSample })),
          () => assumed.trainingSeconds(recipe, order, small, facts),
          ({ startSeconds, secondsPerSample }) => ({
            'seconds beside the steps': startSeconds,
            'seconds a sample': secondsPerSample,
          }),
        ),
        tokensPerSample: one(
          'tokens a sample',
          name,
          here((rate) => rate.tokensPerSample),
          () => {
            const { value, source } = mixed(order.sources.map(({ task, weight }) => [weight, tokensOfCall(task)]));
            return { value: value.completion, source };
          },
        ),
        stepsShare:
          name === 'consolidation'
            ? 1
            : one(
                'share of maxSteps until the reward saturates',
                name,
                here((rate) => rate.stepsShare),
                () => assumed.NO_SATURATION,
              ),
        judgedShare:
          name === 'consolidation' || judgeCalls(order) === 0
            ? null
            : one(
                'share of the samples that judges are asked about',
                name,
                here((rate) => rate.judgedShare),
                () => assumed.judgedShare(recipe.stages[name].groupSize, small),
              ),
      };
    },
    tokensPerSecond: () =>
      one(
        'tokens a second',
        'inference',
        (rates) => rates.tokensPerSecond,
        () => assumed.tokensPerSecond(recipe, small, facts),
      ),
    labelling() {
      const policy = labellingPolicy(recipe);
      const counts = pick(
        'labels',
        ({ labelling: same }) => {
          if (same?.policy !== policy) return undefined;
          return { callsPerProof: same.callsPerProof, contestedShare: same.contestedShare };
        },
        () => {
          const { source, value } = simulated();
          const { analyses, metaAnalyses, contestedShare } = value;
          return { source, value: { callsPerProof: analyses + metaAnalyses, contestedShare } };
        },
        (value) => ({ 'calls a proof': value.callsPerProof, 'contested share': value.contestedShare }),
      );
      return {
        ...counts,
        labelledShare: 1 - counts.contestedShare,
        tokens: tokens(
          'labels',
          (rates) => rates.tokens?.['labelling'],
          () =>
            mixed([
              [simulated().value.analyses, tokensOfCall('verify')],
              [simulated().value.metaAnalyses, tokensOfCall('metaVerify')],
            ]),
        ),
      };
    },
    rightShare: () =>
      one(
        'share with the right score',
        'analyses',
        (rates) => rates.rightShare,
        () => assumed.RIGHT_SHARE,
      ),
    /** @param assisted each seat then scores twice, the second time with analyses in view. */
    verdictsPerQuestion(assisted = false): number {
      const { seats } = recipe.experts;
      const scores = assisted ? 2 * seats : seats;
      if (recipe.domain.experts === 'program' || seats < 2) return scores;
      return (
        scores +
        one(
          'share that needs a lead',
          'questions',
          () => undefined,
          () => assumed.DISAGREEMENT,
        )
      );
    },
    minutesPerVerdict(phase: string, question: QuestionKind): number {
      if (recipe.domain.experts === 'program') return 0;
      return one(
        'minutes a verdict',
        phase,
        (rates) => rates.minutesPerVerdict?.[phase],
        () => assumed.minutesOfVerdict(question),
      );
    },
  };
  return { rates, basis: (): Basis[] => [...asked.values()] };
}

/**
 * The same where nothing stops early: no label before its last verdict, no training before its last step, no question
 * left out.
 */
export function withoutEarlyStop(rates: Rates, recipe: Recipe): Rates {
  const { analysesPerProof, metaAnalysesPerAnalysis } = labelPolicy(recipe);
  return {
    ...rates,
    training: (order) => {
      const rate = rates.training(order);
      return { ...rate, stepsShare: 1, judgedShare: rate.judgedShare === null ? null : 1 };
    },
    labelling: () => ({
      ...rates.labelling(),
      callsPerProof: analysesPerProof * (1 + metaAnalysesPerAnalysis),
      contestedShare: 1,
      labelledShare: 1,
    }),
    rightShare: () => 1,
  };
}

function mixed(parts: readonly (readonly [weight: number, tokens: Assumed<Tokens>])[]): Assumed<Tokens> {
  const total = parts.reduce((sum, [weight]) => sum + weight, 0);
  const mean = (of: keyof Tokens): number =>
    total === 0 ? 0 : parts.reduce((sum, [weight, { value }]) => sum + weight * value[of], 0) / total;
  return { value: { prompt: mean('prompt'), completion: mean('completion') }, source: parts[0]?.[1].source ?? '' };
}
