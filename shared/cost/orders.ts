import type { Counted } from '../lap/amounts.ts';
import type { Order, TrainOrder } from '../lap/orders.ts';
import type { PhaseName } from '../lap/phases.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { LapSizes } from '../lap/sizes.ts';
import { searchCalls } from '../products/estimate.ts';
import type { QuestionKind } from '../review/reviews.ts';
import type { Rates } from './knownRates.ts';
import { judgeCalls, trainingSize, type Tokens } from './rates.ts';

/** Questions about proofs have some with known answers among them, where the recipe asks for that. */
const withGold = (questions: number, kind: QuestionKind, { experts: { gold } }: Recipe): number =>
  gold && (kind === 'scoreProof' || kind === 'scoreContestedProof')
    ? Math.round(questions / (1 - gold.share))
    : questions;

/** What an order of a phase takes at these rates. */
export function counted(
  phase: PhaseName,
  order: Order,
  { recipe, sizes }: { readonly recipe: Recipe; readonly sizes: LapSizes },
  rates: Rates,
): Counted {
  switch (order.kind) {
    case 'sample':
      return calls(rowsOf(order) * order.perRow, () => rates.tokensOf(phase, order.task));
    case 'label':
      return calls(rowsOf(order) * rates.labelling().callsPerProof, () => rates.labelling().tokens);
    case 'solve': {
      // When searches end nobody knows before: as if none did early.
      const kinds = searchCalls(order.policy, rowsOf(order));
      return summed(kinds.map(({ task, calls: { most } }) => calls(most, () => rates.tokensOf(phase, task))));
    }
    case 'review': {
      const asked = withGold(rowsOf(order), order.question, recipe);
      const verdicts = asked * rates.verdictsPerQuestion(order.assisted);
      if (verdicts === 0) return {};
      return { verdicts, expertMinutes: verdicts * rates.minutesPerVerdict(phase, order.question) };
    }
    case 'train': {
      if (order.ifAny && order.name === 'metaVerifier' && sizes.newAnalyses === 0) return {};
      const rate = rates.training(order);
      const { samplesPerStep, maxSteps } = trainingSize(recipe, order.name);
      const samples = samplesPerStep * Math.round(maxSteps * rate.stepsShare);
      const judged = Math.round(samples * judgeCalls(order) * (rate.judgedShare ?? 0));
      return {
        ...asked(judged, () => rates.judgeTokens(order)),
        trainingTokens: samples * rate.tokensPerSample,
        // A job is ended then.
        trainingHours: Math.min(
          recipe.training.wallHours,
          (rate.startSeconds + samples * rate.secondsPerSample) / 3600,
        ),
      };
    }
  }

  function rowsOf({ rows: name, part }: Exclude<Order, TrainOrder>): number {
    if (part === undefined) return sizes[name];
    const { of, share } = part;
    const rows = sizes[name] * (of === 'right' ? rates.rightShare() : rates.labelling()[`${of}Share`]);
    return share === undefined ? Math.round(rows) : Math.ceil(rows * share);
  }

  function summed(all: readonly Counted[]): Counted {
    const sum = (of: 'calls' | 'promptTokens' | 'completionTokens' | 'inferenceHours') =>
      all.reduce((total, one) => total + (one[of] ?? 0), 0);
    return {
      calls: sum('calls'),
      promptTokens: sum('promptTokens'),
      completionTokens: sum('completionTokens'),
      inferenceHours: sum('inferenceHours'),
    };
  }

  function asked(count: number, tokensOf: () => Tokens): Counted {
    if (count === 0) return {};
    const { prompt, completion } = tokensOf();
    return { calls: count, promptTokens: count * prompt, completionTokens: count * completion };
  }

  function calls(count: number, tokensOf: () => Tokens): Counted {
    const made = asked(count, tokensOf);
    const { promptTokens = 0, completionTokens = 0 } = made;
    const seconds = count === 0 ? 0 : (promptTokens + completionTokens) / rates.tokensPerSecond();
    return { ...made, inferenceHours: seconds / 3600 };
  }
}
