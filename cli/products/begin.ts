import { createInterface } from 'node:readline/promises';
import { isBegun, lapAsked, otherInput } from '../../activities/products/open.ts';
import type { Place } from '../../shared/ids.ts';
import { whole } from '../../reports/pages/format.ts';
import type { CallKind } from '../../shared/products/estimate.ts';
import type { ProductInput } from '../../shared/products/input.ts';
import type { ModelChoice } from '../../shared/products/models.ts';
import { isRecord } from '../../shared/recipe/issues.ts';
import { store } from '../../workers/store.ts';
import { Interrupted, type Interruption } from '../interruption.ts';
import { UsageError } from '../usage.ts';
import { answerLimit, estimateLines, type ToEstimate } from './estimate.ts';
import { unknownTo } from '../../workers/stack/services.ts';
import { keepEndpoints, keysFor, noteOn, refusalOf, seeModels, type SeenModel } from './models.ts';
import type { ProductOptions } from './options.ts';

/** What is looked at before a product starts. */
interface Beginning {
  readonly place: Place;
  readonly input: ProductInput;
  /** What it would take. @default nobody says */
  readonly estimate?: () => Promise<ToEstimate>;
}

/**
 * Looks at all that can be wrong before anything is started, says what it would take, and asks whether to. One that was
 * begun before goes on without a question, and waits for servers that are away.
 * @returns whether to start it.
 * @throws UsageError saying what is in its way.
 */
export async function mayBegin(
  { place, input, estimate }: Beginning,
  options: ProductOptions,
  say: (line: string) => void,
  interruption: Interruption,
): Promise<boolean> {
  await inUsage(() => lapAsked(store, input));
  await keepEndpoints(options, say);
  const asked = estimate && (await inUsage(estimate));
  const begun = await isBegun(store, place);
  for (const seen of await seeModels(choicesIn(input))) {
    const refusal = refusalOf(seen);
    if (refusal !== undefined && !(begun && seen.reach.kind === 'gone')) throw new UsageError(refusal);
    const tooLong = asked && overWindow(seen, asked);
    if (tooLong !== undefined) throw new UsageError(tooLong);
    const note = noteOn(seen) ?? refusal;
    if (note !== undefined) say(note);
  }
  const unknown = await unknownTo('worker', await keysFor(choicesIn(input)));
  if (unknown.length > 0)
    throw new UsageError(
      `Expected the stack to have ${unknown.join(' and ')} in its environment, got one that was started without: ` +
        '`flywheel stop`, which keeps all that is under way, then this command again',
    );
  if (begun) {
    say(`${place} goes on where it was`);
    return true;
  }
  if (asked !== undefined) {
    const lines = await inUsage(() => estimateLines(asked));
    for (const line of [`${place} would take:`, ...lines]) say(line);
  }
  const isAsked = options.yes !== true && process.stdin.isTTY && process.stderr.isTTY;
  return !isAsked || saidYes('Start? [Y/n] ', interruption);
}

/** That an endpoint would refuse every call of a kind: what an answer may have fills its window. */
function overWindow({ choice, reach }: SeenModel, { kinds, models, sampling }: ToEstimate): string | undefined {
  const window = reach.kind === 'serves' ? reach.window : undefined;
  if (window === undefined) return undefined;
  const isAsked = ({ asked }: CallKind): boolean => {
    const { ref } = models[asked];
    return 'endpoint' in ref && ref.endpoint === choice.endpoint && ref.name === choice.model;
  };
  const over = kinds.find((kind) => isAsked(kind) && answerLimit(sampling[kind.task]) >= window);
  if (over === undefined) return undefined;
  const option = over.task === 'verify' || over.task === 'metaVerify' ? '--max-verdict-tokens' : '--max-tokens';
  return (
    `Expected answers that leave room for a prompt in the ${whole(window)} tokens that ${choice.model} takes at ` +
    `${choice.endpoint}, got ${whole(answerLimit(sampling[over.task]))} for ${over.task}: ${option} says fewer`
  );
}

/** That the name is of a product with another input. @throws UsageError */
export async function refuseOtherInput({ place, input }: Pick<Beginning, 'place' | 'input'>): Promise<void> {
  const taken = await otherInput(store, place, input);
  if (taken !== undefined) throw new UsageError(taken);
}

async function inUsage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** All models that an input names. */
function choicesIn(input: object): ModelChoice[] {
  const isChoice = (value: unknown): value is ModelChoice =>
    isRecord(value) && typeof value['endpoint'] === 'string' && typeof value['model'] === 'string';
  return Object.values(input).filter(isChoice);
}

async function saidYes(question: string, interruption: Interruption): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Its Ctrl-C is a signal of ours; the end of the input says no.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('no')));
  try {
    const said = await Promise.race([terminal.question(question, { signal: interruption.signal }), ended]);
    return ['', 'y', 'yes'].includes(said.trim().toLowerCase());
  } catch (error) {
    if (interruption.happened) throw new Interrupted();
    throw error;
  } finally {
    terminal.close();
  }
}
