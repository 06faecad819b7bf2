import { answeredBefore, promptTokens, type Answered } from '../../activities/products/lengths.ts';
import { configuredEndpoints, settingsOf, type EndpointSettings } from '../../activities/serving/endpoints.ts';
import { tokenCounter } from '../../activities/store/tokenizer.ts';
import { aligned, duration, whole } from '../../reports/pages/format.ts';
import { short } from '../../shared/cost/planText.ts';
import { prefixOf } from '../../shared/ids.ts';
import type { Sampling } from '../../shared/outcomes.ts';
import {
  capsReached,
  estimated,
  type Asked,
  type CallKind,
  type CallTokens,
  type Estimate,
  type Span,
} from '../../shared/products/estimate.ts';
import type { AskedModel } from '../../shared/products/models.ts';
import type { Caps } from '../../shared/products/caps.ts';
import { modelKey, type Task } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { config } from '../../temporal.config.ts';
import { store } from '../../workers/store.ts';

/** What is asked, so far as its size goes. */
export interface ToEstimate {
  readonly kinds: readonly CallKind[];
  readonly models: Readonly<Record<Asked, AskedModel>>;
  readonly sampling: Readonly<Record<Task, Sampling>>;
  /** Name of the prompt set. */
  readonly prompts: string;
  /** What the prompts are about. */
  readonly rows: () => AsyncIterable<Pick<SetRow, 'problem' | 'proof' | 'analysis'>>;
  readonly concurrency: number;
  readonly caps?: Caps | undefined;
  /** What else there is to say of it, a sentence each. @default nothing */
  readonly notes?: readonly string[];
}

/** Of English with formulas, where no tokenizer can be read. Ours: most have between three and four. */
const CHARACTERS_A_TOKEN = 3.5;
/** Where nobody has measured it. Ours: of what an answer may have, and of that what is no thinking. */
const ANSWER_SHARE = 1 / 4;
const TEXT_SHARE = 1 / 2;
/** Tokens a second of one call among many, where nobody has measured it. Ours: what a busy GPU gives each. */
const TOKENS_PER_SECOND = 30;

/** What a product would take, in lines, each figure with what it stands on. */
export async function estimateLines(asked: ToEstimate): Promise<string[]> {
  const { kinds, sampling, concurrency, caps } = asked;
  const [model, judge] = [await knownOf(asked, 'model'), await knownOf(asked, 'judge')];
  const known = { model, judge };

  const limitOf = (task: Task): number => answerLimit(sampling[task]);
  const completionOf = ({ seen }: Known, task: Task): number =>
    seen.get(task)?.completionTokens ?? limitOf(task) * ANSWER_SHARE;
  /** Of an answer as others are shown it. */
  const textOf = (by: Known, task: Task): number => {
    const measured = by.seen.get(task)?.characters;
    return measured === undefined ? completionOf(by, task) * TEXT_SHARE : measured / CHARACTERS_A_TOKEN;
  };
  const writes = kinds.some(({ task }) => task === 'prove') ? 'prove' : 'selfVerify';
  const tokensOf = ({ task, asked: by, shows = { proofs: 0, analyses: 0 } }: CallKind): CallTokens => ({
    prompt:
      (known[by].prompts.get(task) ?? 0) +
      shows.proofs * textOf(model, writes) +
      shows.analyses * textOf(judge, 'verify'),
    completion: completionOf(known[by], task),
  });
  const estimate = estimated(kinds, {
    tokensOf,
    priceOf: (by) => asked.models[by].price,
    concurrency,
    tokensPerSecond: (by) => known[by].speed ?? TOKENS_PER_SECOND,
    secondsApart: (kind) => apartBy(known[kind.asked].limits, tokensOf(kind), limitOf(kind.task)),
  });

  const speeds = [...new Set([model, judge].map(({ speed = TOKENS_PER_SECOND }) => speed.toFixed(speed < 10 ? 1 : 0)))];
  const isMeasured = model.speed !== undefined && judge.speed !== undefined;
  const notes = {
    tokenizer: model.tokenizer,
    lengths: lengthsText(kinds, (kind) => tokensOf(kind).completion, known),
    time:
      `${whole(concurrency)} calls at once, ${speeds.join(' and ')} tokens a second each ` +
      `(${isMeasured ? 'as in earlier products' : 'assumed'})` +
      ((model.limits ?? judge.limits) ? ", and by the endpoints' limits" : ''),
  };
  const more = (asked.notes ?? []).map((note) => `  ${note}`);
  return [...tableOf(estimate, notes), ...more, ...capLines(estimate, caps)];
}

/** What is known of a model. */
interface Known {
  /** How it answered, by task. */
  readonly seen: ReadonlyMap<Task, Answered>;
  /** Tokens a second of one call; undefined where nothing is measured. */
  readonly speed: number | undefined;
  /** Tokens of its prompts, without texts of models. */
  readonly prompts: ReadonlyMap<Task, number>;
  /** How those were counted. */
  readonly tokenizer: string;
  /** Of its endpoint. */
  readonly limits: EndpointSettings['limits'];
}

/** Tokens that an answer may have. */
export const answerLimit = ({ maxTokens, maxThinkingTokens = 0 }: Sampling): number => maxTokens + maxThinkingTokens;

/** Seconds between two calls at least: a minute's requests, and a minute's tokens, which count as they are asked for. */
function apartBy(limits: EndpointSettings['limits'], { prompt, completion }: CallTokens, limit: number): number {
  const { requestsPerMinute = Infinity, tokensPerMinute = Infinity, counts } = limits ?? {};
  const tokens = prompt + (counts === 'used' ? completion : limit);
  return Math.max(60 / requestsPerMinute, (60 * tokens) / tokensPerMinute);
}

async function knownOf({ models, kinds, prompts, rows }: ToEstimate, by: Asked): Promise<Known> {
  const { ref } = models[by];
  const seen = await answeredBefore(store, modelKey(ref));
  const own = 'checkpoint' in ref ? await tokenCounter(store, prefixOf(ref.checkpoint.uri)) : undefined;
  const counter = own?.guessed === undefined ? own : undefined;
  const tokens = counter?.tokens ?? ((text: string) => text.length / CHARACTERS_A_TOKEN);
  const tasks = [...new Set(kinds.flatMap((kind) => (kind.asked === by ? kind.task : [])))];
  return {
    seen,
    speed: speedOf(seen),
    prompts: await promptTokens(store, prompts, tasks, rows(), tokens),
    tokenizer: counter ? "by the model's own tokenizer" : `${CHARACTERS_A_TOKEN} characters a token`,
    limits:
      'endpoint' in ref
        ? settingsOf((await configuredEndpoints(config.inference))?.endpoints, ref.endpoint)?.limits
        : undefined,
  };
}

function tableOf(
  { calls, promptTokens, completionTokens, cost, seconds }: Estimate,
  { lengths, time, tokenizer }: Readonly<Record<'lengths' | 'time' | 'tokenizer', string>>,
): string[] {
  const row = (name: string, span: Span, text: (value: number) => string): string[] => [
    name,
    text(span.fewest),
    text(span.most),
  ];
  // Of a lap whose recipe has no prices it is nothing.
  const isFree = cost === null || cost.most === 0;
  const numbers = aligned([
    ['', 'fewest', 'most'],
    row('calls', calls, whole),
    row('prompt tokens', promptTokens, short),
    row('answer tokens', completionTokens, short),
    ...(isFree ? [] : [row('cost', cost, (money) => money.toFixed(2))]),
    row('time', seconds, duration),
  ]);
  const notes = [
    `Prompts as they are, ${tokenizer}. Tokens of answers: ${lengths}.`,
    `Time: ${time}.${isFree ? '' : " Cost: by the endpoints' prices."}`,
  ];
  return [...numbers, ...notes].map((line) => `  ${line}`);
}

/** `proofs 4,096, analyses 2,048 (assumed: a quarter of what they may have)`. */
function lengthsText(
  kinds: readonly CallKind[],
  lengthOf: (kind: CallKind) => number,
  known: Readonly<Record<Asked, Known>>,
): string {
  const named = new Map<string, { tokens: number; calls: number | undefined }>();
  for (const kind of kinds) {
    const name = NAMES[kind.task];
    if (kind.calls.most > 0 && !named.has(name))
      named.set(name, { tokens: lengthOf(kind), calls: known[kind.asked].seen.get(kind.task)?.calls });
  }
  const of = (measured: boolean): string =>
    Array.from(named, ([name, { tokens, calls }]) =>
      (calls !== undefined) === measured ? `${name} ${whole(tokens)}` : '',
    )
      .filter(Boolean)
      .join(', ');
  const [measured, assumed] = [of(true), of(false)];
  return [
    ...(measured === '' ? [] : [`${measured} (as in earlier products)`]),
    ...(assumed === '' ? [] : [`${assumed} (assumed: a quarter of what they may have)`]),
  ].join('; ');
}

const NAMES: Readonly<Record<Task, string>> = {
  prove: 'proofs',
  refine: 'refined proofs',
  selfVerify: 'proofs with an evaluation',
  selfRefine: 'trajectories',
  verify: 'analyses',
  metaVerify: 'meta-analyses',
};

function capLines(estimate: Estimate, caps: Caps | undefined): string[] {
  if (caps === undefined) return [];
  const { calls, tokens, cost } = caps;
  const named = [
    ...(calls === undefined ? [] : [`${whole(calls)} calls`]),
    ...(tokens === undefined ? [] : [`${whole(tokens)} tokens`]),
    ...(cost === undefined ? [] : [`cost ${cost}`]),
  ].join(', ');
  const reached = capsReached(estimate, caps);
  return [`  It stops at ${named}${reached.length > 0 ? ', which may come first' : ''}.`];
}

/** Over all its tasks; undefined where nothing is measured. */
function speedOf(seen: ReadonlyMap<Task, Answered>): number | undefined {
  const [tokens, seconds] = [...seen.values()].reduce(
    ([all, time], { calls, completionTokens, tokensPerSecond }) => [
      all + calls * completionTokens,
      time + (calls * completionTokens) / tokensPerSecond,
    ],
    [0, 0],
  );
  return seconds > 0 ? tokens / seconds : undefined;
}
