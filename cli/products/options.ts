import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { TARGETS } from '../../activities/imports/fields.ts';
import { importProblems } from '../../activities/imports/problems.ts';
import { markFormat } from '../../activities/store/format.ts';
import { fullLapName } from '../../shared/ids.ts';
import type { ProductInput, SamplingChoices } from '../../shared/products/input.ts';
import type { Caps } from '../../shared/products/caps.ts';
import type { ModelChoice } from '../../shared/products/models.ts';
import { store } from '../../workers/store.ts';
import { fieldsFrom } from '../team/fieldOption.ts';
import { UsageError, wholeFrom } from '../usage.ts';

/** Options that all products without a lap share. */
export interface ProductOptions {
  readonly name?: string;
  readonly endpoint?: string;
  readonly model?: string;
  readonly revision?: string;
  readonly apiKeyEnv?: string;
  readonly judgeApiKeyEnv?: string;
  readonly thinking?: string;
  readonly judgeEndpoint?: string;
  readonly judge?: string;
  readonly judgeRevision?: string;
  readonly lap?: string;
  readonly prompts?: string;
  readonly seed?: string;
  readonly temperature?: string;
  readonly maxTokens?: string;
  readonly maxVerdictTokens?: string;
  readonly concurrency?: string;
  readonly maxCalls?: string;
  readonly maxTotalTokens?: string;
  readonly maxCost?: string;
  readonly yes?: boolean;
  readonly detach?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
}

/**
 * Adds them in groups, below the product's own, which the command has already.
 * @param model what the model of `--model` does, such as `writes proofs and judges them`.
 * @param judge what `--judge` is.
 */
export function withProductOptions(
  command: Command,
  model: string,
  judge = 'the model that judges (default: the same)',
): Command {
  return command
    .optionsGroup('Models:')
    .option('--endpoint <url>', 'OpenAI-compatible API, such as http://127.0.0.1:8000/v1')
    .option('--model <name>', `the endpoint's name of the model that ${model}`)
    .option('--revision <text>', 'changes whenever that model answers differently (default: 1)')
    .option('--api-key-env <name>', "variable that holds the endpoint's key; the key itself is written nowhere")
    .option('--thinking <format>', 'how its replies hold thinking: none, field or marks, "<think> </think>"')
    .option('--judge <name>', judge)
    .option('--judge-endpoint <url>', 'where it is served (default: --endpoint)')
    .option('--judge-revision <text>', 'its revision (default: 1)')
    .option('--judge-api-key-env <name>', "variable that holds that endpoint's key")
    .option('--lap <lap>', 'a finished lap whose models are asked, served here, such as main/lap-0003')
    .optionsGroup('How they are asked:')
    .option('--prompts <name>', "a prompt set (default: the lap's, else paper)")
    .option('--seed <number>', 'what all sampling derives from (default: 1)')
    .option('--temperature <number>', 'of all sampling (default: 1)')
    .option('--max-tokens <number>', 'of a proof (default: 16384)')
    .option('--max-verdict-tokens <number>', 'of an analysis (default: 8192)')
    .option('--concurrency <number>', 'calls in flight at once (default: 64)')
    .optionsGroup('Limits, at which it stops and keeps what there is; the same command with greater ones goes on:')
    .option('--max-calls <number>', 'calls')
    .option('--max-total-tokens <number>', 'tokens of prompts and answers together')
    .option('--max-cost <amount>', "money, by the endpoints' prices (docs/products.md, `Prices, limits and caps`)")
    .optionsGroup('The command:')
    .option('--name <name>', 'what the result is called (default: after the file and what is asked)')
    .option('--yes', 'start without asking')
    .option('--detach', 'start it and return; `flywheel status` shows it')
    .option('--keep', 'leave the stack running at the end')
    .option('--json', 'print one JSON object at the end; progress goes to stderr either way');
}

/** What the shared options say. @throws UsageError naming the option. */
export function productInput(options: ProductOptions): ProductInput {
  const { name, lap, prompts, seed, concurrency } = options;
  const caps = capsFrom(options);
  const sampling = samplingFrom(options);
  return {
    ...(name !== undefined && { name }),
    ...(lap !== undefined && { lap: fullLapName(lap) ?? lap }),
    ...(prompts !== undefined && { prompts }),
    ...(seed !== undefined && { seed: wholeFrom('--seed', seed, 0) }),
    ...(concurrency !== undefined && { concurrency: wholeFrom('--concurrency', concurrency, 1) }),
    ...(caps && { caps }),
    ...(sampling && { sampling }),
  };
}

/** The models that the options name: undefined where a lap's are asked. @throws UsageError naming the option. */
export function modelsFrom(options: ProductOptions): { readonly model?: ModelChoice; readonly judge?: ModelChoice } {
  const { endpoint, model, revision, judge, judgeEndpoint = endpoint, judgeRevision, lap } = options;
  if (lap === undefined && (endpoint === undefined || model === undefined))
    throw new UsageError(
      `Expected a model, --endpoint URL --model NAME, or --lap LAP, got ${
        endpoint === undefined ? (model === undefined ? 'neither' : '--model alone') : '--endpoint alone'
      }`,
    );
  if (judge !== undefined && judgeEndpoint === undefined)
    throw new UsageError('Expected --judge-endpoint URL with --judge, got neither it nor --endpoint');
  const choice = (url: string, name: string, text?: string): ModelChoice => ({
    endpoint: url.replace(/\/+$/, ''), // the same place is the same product
    model: name,
    ...(text !== undefined && { revision: text }),
  });
  return {
    ...(endpoint !== undefined && model !== undefined && { model: choice(endpoint, model, revision) }),
    ...(judge !== undefined && judgeEndpoint !== undefined && { judge: choice(judgeEndpoint, judge, judgeRevision) }),
  };
}

function capsFrom({ maxCalls, maxTotalTokens, maxCost }: ProductOptions): Caps | undefined {
  const caps = {
    ...(maxCalls !== undefined && { calls: wholeFrom('--max-calls', maxCalls, 1) }),
    ...(maxTotalTokens !== undefined && { tokens: wholeFrom('--max-total-tokens', maxTotalTokens, 1) }),
    ...(maxCost !== undefined && { cost: numberFrom('--max-cost', maxCost, 'an amount above 0', (cost) => cost > 0) }),
  };
  return Object.keys(caps).length > 0 ? caps : undefined;
}

function samplingFrom({ temperature, maxTokens, maxVerdictTokens }: ProductOptions): SamplingChoices | undefined {
  if (temperature === undefined && maxTokens === undefined && maxVerdictTokens === undefined) return undefined;
  const isTemperature = (value: number): boolean => value >= 0 && value <= 2;
  const warmth = temperature !== undefined && {
    temperature: numberFrom('--temperature', temperature, 'a number from 0 to 2', isTemperature),
  };
  const of = (option: string, text: string | undefined) => ({
    ...warmth,
    ...(text !== undefined && { maxTokens: wholeFrom(option, text, 1) }),
  });
  const proof = of('--max-tokens', maxTokens);
  const verdict = of('--max-verdict-tokens', maxVerdictTokens);
  return { prove: proof, refine: proof, selfVerify: proof, selfRefine: proof, verify: verdict, metaVerify: verdict };
}

/** @throws UsageError */
export function numberFrom(option: string, text: string, expected: string, isGood: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (isGood(value)) return value;
  throw new UsageError(`Expected ${option} to be ${expected}, got ${JSON.stringify(text)}`);
}

/**
 * A file of problems, taken into the store; one that lies there stays as it is.
 * @param fields as `--field` gives them.
 * @throws UsageError saying what is wrong with it.
 */
export async function problemsFrom(
  file: string,
  say: (line: string) => void,
  fields: readonly string[] = [],
): Promise<string> {
  await markFormat(store);
  if (!existsSync(file) && (await store.stat(file).catch(() => undefined)) !== undefined) return file;
  try {
    const { uri, count, dropped } = await importProblems(store, file, { fields: fieldsFrom(fields, TARGETS) });
    const [{ where, why } = { where: '', why: '' }] = dropped;
    if (dropped.length > 0) say(`${count} problems; ${dropped.length} left out, such as ${where}: ${why}`);
    return uri;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}
