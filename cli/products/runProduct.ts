import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { QUEUES } from '../../shared/queues.ts';
import type { Place, ProductKind } from '../../shared/ids.ts';
import { priorityOf } from '../../shared/sampling/share.ts';
import type { ProductInput } from '../../shared/products/input.ts';
import { store } from '../../workers/store.ts';
import { lapAsked } from '../../activities/products/open.ts';
import { connectClient } from '../../workers/client.ts';
import { joinStack, leaveStack } from '../../workers/stack/owner.ts';
import { ensureStack, healStack, setUp, stackLife, stopEverything } from '../../workers/stack/stack.ts';
import { Interrupted, Interruption } from '../interruption.ts';
import { withPatience } from '../../workers/laps/progressOf.ts';
import { whyStuck } from '../lap/lapHandle.ts';
import { LiveView } from '../lap/liveView.ts';
import { workflowLink } from '../links.ts';
import { EXIT } from '../usage.ts';
import { mayBegin, refuseOtherInput } from './begin.ts';
import type { ToEstimate } from './estimate.ts';
import type { ProductOptions } from './options.ts';
import { NO_SETS, setsUnderWay, type SetsUnderWay } from './setsUnderWay.ts';

/** A product as a command runs it. */
interface Product<Progress, Result> {
  readonly kind: ProductKind;
  /** Also the workflow's id. */
  readonly place: Place;
  readonly input: ProductInput;
  /** Whether models are served here, by the trainer's Python. */
  readonly python: boolean;
  /** Whether it has questions to people. @default false */
  readonly asksPeople?: boolean;
  /** What it would take, where that can be told before. */
  readonly estimate?: () => Promise<ToEstimate>;
  /** What it came to, where it has ended for good. @default that is found by running it again */
  readonly ended?: () => Promise<Result | undefined>;
  /** One line of what the `progress` query says, and the sets under way. */
  readonly line: (progress: Progress, sets: SetsUnderWay, nowMs: number) => string;
  /** What is told of a finished one. */
  readonly tell: (result: Result) => Promise<{ readonly lines: readonly string[]; readonly json: object }>;
}

/** Whether models of these laps are served here by the trainer's Python. */
export async function pythonFor(...inputs: readonly ProductInput[]): Promise<boolean> {
  const laps = await Promise.all(inputs.map((input) => lapAsked(store, input).catch(() => undefined))); // told later
  return laps.some((lap) => lap?.recipe.inference.engine === 'batcher');
}

type End<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'stopped' };

/**
 * Starts the stack where it is not up, and a product, or goes on with it; shows how far it is, and what it came to.
 * Ctrl-C stops all that nobody else needs, and the same command goes on.
 */
export async function runProduct<Progress, Result>(
  product: Product<Progress, Result>,
  options: ProductOptions,
): Promise<void> {
  const { detach = false, keep = false, json = false } = options;
  const { kind, place, input } = product;
  const teller = new Teller();
  const { view, say } = teller;
  await refuseOtherInput(product);
  const result = await product.ended?.();
  if (result !== undefined) return showEnd(product, { kind: 'done', result }, json, teller);
  const interruption = new Interruption();
  let client: Client | undefined;
  let joined = false;
  try {
    if (!(await interruption.orEndOf(mayBegin(product, options, say, interruption)))) {
      process.exitCode = EXIT.interrupted;
      return say('Nothing was started.');
    }
    await interruption.orEndOf(setUp(say, { python: product.python }));
    joined = true;
    await joinStack((await ensureStack(say)) === 'started', false);
    interruption.check();
    client = await connectClient();
    const workflow = {
      taskQueue: QUEUES.orchestrator,
      args: [input],
      staticSummary: place,
      priority: priorityOf(place),
    };
    // One that failed, or was cancelled, begins again, and takes up what its ledgers hold.
    await client.workflow.start(kind, { ...workflow, workflowId: place, workflowIdConflictPolicy: 'USE_EXISTING' });
    if (detach || keep) await joinStack(false, true);
    say(`Workflow ${place}`);
    const link = workflowLink(place);
    if (link !== undefined) say(`Web UI: ${link}`);
    if (detach) {
      if (json) console.log(JSON.stringify({ workflowId: place, state: 'started', link }));
      else
        say('It runs in the background: `flywheel status` shows it, `flywheel stop` stops it and keeps what it has.');
      return;
    }
    const end = await follow(client, product, teller, interruption.signal, () => healStack(say));
    view.clear();
    await showEnd(product, end, json, teller);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    view.clear();
    await client?.connection.close();
    if (joined) await leave(interruption.happened, say);
    interruption.exit();
  }
}

/** Where a product's progress and end are told. */
class Teller {
  readonly view = new LiveView(process.stderr);
  readonly #warned = new Set<string>();

  readonly say = (line: string): void => this.view.say(line);

  /** Says each warning of a progress or a result once; they may have some, whatever the product. */
  warn(of: unknown): void {
    for (const warning of (of as { readonly warnings?: readonly string[] } | null)?.warnings ?? []) {
      if (!this.#warned.has(warning)) this.say(`! ${warning}`);
      this.#warned.add(warning);
    }
  }
}

/** Shows a workflow's progress until it ends or the command is interrupted. Servers and workers may die meanwhile. */
async function follow<Progress, Result>(
  client: Client,
  { place, line, asksPeople }: Product<Progress, Result>,
  teller: Teller,
  signal: AbortSignal,
  heal: () => Promise<'running' | 'stopped'>,
): Promise<End<Result>> {
  const { view } = teller;
  const handle = client.workflow.getHandle(place);
  let told = '';
  while (!signal.aborted) {
    const status = (await withPatience(client, () => handle.describe()))?.status.name;
    if (status !== undefined && status !== 'RUNNING' && status !== 'CONTINUED_AS_NEW') return endOf(client, place);
    const progress =
      status && (await withPatience(client, () => handle.query<Progress>('progress')).catch(() => undefined));
    if (progress === undefined) {
      const stuck = await whyStuck(client, place).catch(() => undefined);
      if (stuck !== undefined && stuck !== told) view.say(stuck);
      told = stuck ?? told;
      view.update('No answer: its worker or the server is starting', 'no answer');
      if ((await heal()) === 'stopped') return { kind: 'stopped' };
    } else {
      const looked = withPatience(client, () => setsUnderWay(client, place, asksPeople));
      const sets = (await looked.catch(() => undefined)) ?? NO_SETS;
      teller.warn(progress);
      view.update(line(progress, sets, Date.now()), JSON.stringify([progress, sets]));
    }
    await sleep(2_000, undefined, { signal }).catch(() => undefined);
  }
  return { kind: 'interrupted' };
}

async function endOf<Result>(client: Client, workflowId: string): Promise<End<Result>> {
  try {
    return { kind: 'done', result: (await client.workflow.getHandle(workflowId).result()) as Result };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'failed', message: 'the server does not know it' };
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { kind: 'failed', message: rootCause(error.cause) ?? error.message };
  }
}

async function showEnd<Progress, Result>(
  { place, tell }: Product<Progress, Result>,
  end: End<Result>,
  json: boolean,
  teller: Teller,
): Promise<void> {
  const { say } = teller;
  if (end.kind === 'interrupted') return;
  if (end.kind === 'stopped') {
    process.exitCode = EXIT.interrupted;
    say('The stack was stopped by another command. What there is is kept, and the same command goes on with it.');
    return;
  }
  if (end.kind === 'failed') {
    process.exitCode = EXIT.failed;
    if (json) console.log(JSON.stringify({ state: 'failed', message: end.message }));
    say(`${place} failed: ${end.message}`);
    say('What was paid for is kept: the same command goes on with it.');
    return;
  }
  teller.warn(end.result);
  const told = await tell(end.result);
  if (json) console.log(JSON.stringify({ state: 'done', ...told.json }));
  else for (const line of told.lines) console.log(line);
}

/** The last that needs the stack takes it down, others leave it. */
async function leave(interrupted: boolean, say: (line: string) => void): Promise<void> {
  const leaving = await leaveStack();
  if (leaving.kind === 'last' && (await stackLife()) !== 'stopped') {
    say(interrupted ? 'Stopping. What there is is kept, and the same command goes on with it.' : 'Stopping the stack.');
    await stopEverything(say);
  } else if (leaving.kind === 'handed over') {
    say(`The stack stays up for process ${leaving.pid}, which needs it, too.`);
  } else if (interrupted && (await stackLife()) === 'running') {
    say('Leaving; it goes on. `flywheel stop` stops it.');
  }
}
