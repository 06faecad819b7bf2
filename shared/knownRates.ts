import * as assumed from './assumed.ts';
import type { Assumed } from './assumed.ts';
import { judgeCallsPerSample, labellingPolicy, taskOf } from './rates.ts';
import type { Basis, MeasuredRates, Tokens, TrainingRate } from './rates.ts';
import type { Recipe, StageName, TrainingName } from './recipe.ts';
import type { Task } from './records.ts';

/** All that a plan needs to know beside the recipe's counts. */
export interface Rates {
  tokensOf(phase: string, task: Task): Tokens;
  judgeTokens(stage: StageName): Tokens;
  training(name: TrainingName): TrainingRate;
  tokensPerSecond(): number;
  labelling(): { readonly callsPerProof: number; readonly contestedShare: number; readonly tokens: Tokens };
  rightShare(): number;
  verdictsPerQuestion(): number;
  minutesPerVerdict(phase: string): number;
}

/** A finished lap as a measure of the next. */
export interface Measure {
  readonly lap: string;
  readonly rates: MeasuredRates;
}

/** Each rate as the parent lap measured it, else as assumed; `basis` says which were asked for, and where each is from. */
export function knownRates(recipe: Recipe, parent?: Measure): { rates: Rates; basis: () => readonly Basis[] } {
  const asked = new Map<string, Basis>();
  const measured = parent?.rates;

  function pick<T>(measure: T | null | undefined, assume: () => Assumed<T>, figuresOf: (value: T) => Readonly<Record<string, number>>): T {
    const known = measure !== undefined && measure !== null;
    const { value, source } = known ? { value: measure, source: parent?.lap ?? '' } : assume();
    for (const [figure, number] of Object.entries(figuresOf(value))) asked.set(figure, { figure, value: number, measured: known, source });
    return value;
  }
  const one = (figure: string, measure: number | null | undefined, assume: () => Assumed<number>): number => pick(measure, assume, (value) => ({ [figure]: value }));
  const tokens = (of: string, measure: Tokens | undefined, assume: () => Assumed<Tokens>): Tokens =>
    pick(measure, assume, ({ prompt, completion }) => ({ [`prompt tokens of ${of}`]: prompt, [`completion tokens of ${of}`]: completion }));

  const rates: Rates = {
    tokensOf(phase, task) {
      const here = measured?.tokens[`${phase}/${task}`];
      return tokens(here ? `a ${task} call in ${phase}` : `a ${task} call`, here ?? measured?.tokens[task], () => assumed.tokensOfCall(recipe, task));
    },
    judgeTokens(stage) {
      const { verify, metaVerify } = judgeCallsPerSample(recipe, stage);
      return tokens(`a judge's call in ${stage}`, measured?.tokens[stage], () => mixed([[verify, assumed.tokensOfCall(recipe, 'verify')], [metaVerify, assumed.tokensOfCall(recipe, 'metaVerify')]]));
    },
    training(name) {
      const here = measured?.trainings[name];
      return {
        ...pick(here && { startSeconds: here.startSeconds, secondsPerSample: here.secondsPerSample }, () => assumedSeconds(recipe), ({ startSeconds, secondsPerSample }) => ({ [`seconds beside the steps of ${name}`]: startSeconds, [`seconds a sample of ${name}`]: secondsPerSample })),
        tokensPerSample: one(`tokens a sample of ${name}`, here?.tokensPerSample, () => assumedSample(recipe, name)),
        stepsShare: name === 'consolidation' ? 1 : one(`steps of ${name} until its reward saturates, of maxSteps`, here?.stepsShare, () => assumed.NO_SATURATION),
        judgedShare: name === 'consolidation' || !isJudged(recipe, name) ? null : one(`share of the answers of ${name} that judges are asked about`, here?.judgedShare, () => assumed.judgedShare(recipe, recipe.stages[name].groupSize)),
      };
    },
    tokensPerSecond: () => one('tokens a second of inference', measured?.tokensPerSecond, () => assumed.tokensPerSecond(recipe)),
    labelling() {
      const same = measured?.labelling?.policy === labellingPolicy(recipe) ? measured.labelling : undefined;
      const guess = same === undefined || measured?.tokens['labelling'] === undefined ? assumed.labelling(recipe) : undefined;
      const mix = (): Assumed<Tokens> => mixed([[guess?.value.analyses ?? 0, assumed.tokensOfCall(recipe, 'verify')], [guess?.value.metaAnalyses ?? 0, assumed.tokensOfCall(recipe, 'metaVerify')]]);
      const counts = pick(
        same && { callsPerProof: same.callsPerProof, contestedShare: same.contestedShare },
        () => ({ source: guess?.source ?? '', value: { callsPerProof: (guess?.value.analyses ?? 0) + (guess?.value.metaAnalyses ?? 0), contestedShare: guess?.value.contestedShare ?? 0 } }),
        ({ callsPerProof, contestedShare }) => ({ 'calls a label takes': callsPerProof, 'contested share of the proofs': contestedShare }),
      );
      return { ...counts, tokens: tokens('a verdict on a label', measured?.tokens['labelling'], mix) };
    },
    rightShare: () => one('share of analyses whose score is right', measured?.rightShare, () => assumed.RIGHT_SHARE),
    verdictsPerQuestion() {
      const { seats } = recipe.experts;
      if (recipe.domain.experts === 'program' || seats < 2) return seats;
      return seats + one('share of questions that need a lead', undefined, () => assumed.DISAGREEMENT);
    },
    minutesPerVerdict(phase) {
      if (recipe.domain.experts === 'program') return 0;
      return one(`minutes of a person a verdict in ${phase}`, measured?.minutesPerVerdict[phase], () => assumed.minutesOfVerdict(phase === 'metaData' ? 'analysis' : 'proof'));
    },
  };
  return { rates, basis: () => [...asked.values()] };
}

/** The same where nothing stops early: no label before its last verdict, no training before its last step, no question left out. */
export function withoutEarlyStop(rates: Rates, { labelling: { analysesPerProof, metaAnalysesPerAnalysis }, metaVerification }: Recipe): Rates {
  return {
    ...rates,
    training: (name) => {
      const rate = rates.training(name);
      return { ...rate, stepsShare: 1, judgedShare: rate.judgedShare === null ? null : 1 };
    },
    labelling: () => ({ ...rates.labelling(), callsPerProof: analysesPerProof * (1 + (metaVerification ? metaAnalysesPerAnalysis : 0)), contestedShare: 1 }),
    rightShare: () => 1,
  };
}

function isJudged(recipe: Recipe, stage: StageName): boolean {
  const { verify, metaVerify } = judgeCallsPerSample(recipe, stage);
  return verify + metaVerify > 0;
}

function mixed(parts: readonly (readonly [weight: number, tokens: Assumed<Tokens>])[]): Assumed<Tokens> {
  const total = parts.reduce((sum, [weight]) => sum + weight, 0);
  const mean = (of: keyof Tokens): number => (total === 0 ? 0 : parts.reduce((sum, [weight, { value }]) => sum + weight * value[of], 0) / total);
  return { value: { prompt: mean('prompt'), completion: mean('completion') }, source: parts[0]?.[1].source ?? '' };
}

function assumedSeconds(recipe: Recipe): Assumed<{ startSeconds: number; secondsPerSample: number }> {
  const { value, source } = assumed.trainingSeconds(recipe);
  return { value: { startSeconds: value.start, secondsPerSample: value.perSample }, source };
}

/** v2 learns both tasks; a consolidation the generator's as well. */
function assumedSample(recipe: Recipe, name: TrainingName): Assumed<number> {
  const of = (task: Task): Assumed<Tokens> => assumed.tokensOfCall(recipe, task);
  const metaShare = recipe.metaVerification ? recipe.rewards.metaShare : 0;
  const mean =
    name === 'consolidation'
      ? mixed([[1, of('prove')], [1, of(taskOf(recipe, 'selfVerification'))], [1, of('verify')], [recipe.metaVerification ? 1 : 0, of('metaVerify')]])
      : name === 'verifierV2'
        ? mixed([[1 - metaShare, of('verify')], [metaShare, of('metaVerify')]])
        : of(taskOf(recipe, name));
  return { value: mean.value.completion, source: mean.source };
}
