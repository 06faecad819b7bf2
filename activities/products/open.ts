import { createHash } from 'node:crypto';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type * as z from 'zod';
import { fullLapName, productPlace, uri, type Place, type ProductKind } from '../../shared/ids.ts';
import type { Domains } from '../../shared/domain.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { OpenedProduct, ProductInput, SolveInput } from '../../shared/products/input.ts';
import type { LabelInput } from '../../shared/products/labels.ts';
import type { AskedModel, ModelChoice } from '../../shared/products/models.ts';
import type { Price } from '../../shared/products/caps.ts';
import { TASKS, type ModelRole, type Task } from '../../shared/records.ts';
import type { Sampling } from '../../shared/outcomes.ts';
import { tell } from '../../shared/recipe/issues.ts';
import { failure } from '../failure.ts';
import { isPassing } from '../laps/open.ts';
import { knownLaps } from '../laps/laps.ts';
import { promptSetNamed } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What products without a lap have in common when they begin. */

export interface ProductWorld {
  readonly store: ArtifactStore;
  /** Whose checkers know what proofs are worth. @default none is known */
  readonly checkers?: Domains['checkerOf'];
  /** What a model of an endpoint costs, as the installation's settings say. @default nobody says it */
  readonly priceOf?: (model: ModelChoice) => Promise<Price | undefined>;
  /** Whether a workflow is under way as this product, other than the one that asks. @default none is */
  readonly isUnderWay?: (workflowId: string, runId: string) => Promise<boolean>;
  /** Resolves when a workflow has ended, however it has. */
  readonly workflowEnd?: (workflowId: string, signal: AbortSignal) => Promise<void>;
}

/** Released run script: proofs to 128K tokens and verdicts to 64K, T 1.0, top-p 0.95. */
export const RELEASED_SAMPLING = samplingOf(131_072, 65_536);
/** What the endpoints of most teams take. Ours. */
export const SMALL_SAMPLING = samplingOf(16_384, 8_192);

function samplingOf(proof: number, verdict: number): Readonly<Record<Task, Sampling>> {
  const of = (maxTokens: number): Sampling => ({ temperature: 1, topP: 0.95, maxTokens });
  const long = of(proof);
  return {
    prove: long,
    refine: long,
    selfVerify: long,
    selfRefine: long,
    verify: of(verdict),
    metaVerify: of(verdict),
  };
}

/** Calls in flight at once: the lap's, else, ours, as many as an endpoint's settings allow by default. */
export const concurrencyAsked = ({ concurrency }: ProductInput, lap: LapManifest | undefined): number =>
  concurrency ?? lap?.recipe.inference.maxConcurrency ?? 64;

/** Name of the prompt set. */
export const promptsAsked = ({ prompts }: ProductInput, lap: LapManifest | undefined): string =>
  prompts ?? lap?.recipe.domain.prompts ?? 'paper';

/**
 * An input, read field by field.
 * @throws `InvalidProduct` naming the field, what was expected and what came.
 */
export function readInput<T extends ProductInput>(kind: ProductKind, schema: z.ZodType<T>, input: unknown): T {
  const read = schema.safeParse(input ?? {});
  if (read.success) return read.data;
  throw failure('InvalidProduct', `Invalid input of ${kind}: ${tell(read.error, input)}`);
}

/** The same from an activity's work: whatever it refuses for good is an `InvalidProduct`. */
export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApplicationFailure || isPassing(error)) throw error;
    throw failure('InvalidProduct', (error as Error).message);
  }
}

/** A name that follows from what was asked for: the same again is the same product. */
export function nameOf(input: ProductInput, file: string): string {
  if (input.name !== undefined) return input.name;
  const asked = identityOf(input);
  const stem = path
    .basename(file)
    .replace(/\..*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 40);
  const digest = createHash('sha256')
    .update(JSON.stringify(sorted(asked)))
    .digest('hex')
    .slice(0, 8);
  return `${stem.replace(/^-+|-+$/g, '') || 'set'}-${digest}`;
}

/** Caps may be raised, calls made faster, people asked and grades given: no model's outcome changes, it is the same. */
const OF_NO_OUTCOME: readonly string[] = ['name', 'caps', 'concurrency', 'graded', 'ask'] satisfies (
  | keyof SolveInput
  | keyof LabelInput
)[];

function identityOf(input: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(input).filter(([field]) => !OF_NO_OUTCOME.includes(field)));
}

/** The same fields, whatever the order in which they were given. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/** The finished lap that the input names; undefined where it names none. */
export async function lapAsked(store: ArtifactStore, { lap }: ProductInput): Promise<LapManifest | undefined> {
  if (lap === undefined) return undefined;
  const name = fullLapName(lap);
  if (name === undefined) throw new Error(`lap: expected the name of a lap such as main/lap-0003, got "${lap}"`);
  const manifest = await store.findJson<LapManifest>(uri.manifest(name));
  if (manifest !== undefined) return manifest;
  const laps = await knownLaps(store);
  const finished = laps.flatMap((known) => (known.finished ? known.lap : []));
  throw new Error(
    `lap: expected a finished lap, got "${name}", ` +
      (laps.some((known) => known.lap === name) ? 'which has not ended; ' : 'which is not there; ') +
      (finished.length === 0 ? 'none has finished yet' : `there are ${finished.join(', ')}`),
  );
}

/**
 * The model of a role: the one that is named, else the lap's.
 * @throws when there is neither.
 */
export async function modelAsked(
  { priceOf }: ProductWorld,
  role: ModelRole & keyof LapManifest['models'],
  choice: ModelChoice | undefined,
  lap: LapManifest | undefined,
): Promise<AskedModel> {
  if (choice !== undefined) {
    const { endpoint, model: name, revision = '1' } = choice;
    const price = await priceOf?.(choice);
    return { ref: { role, endpoint, name, revision }, name, ...(price && { price }) };
  }
  const checkpoint = lap?.models[role];
  if (lap !== undefined && checkpoint !== undefined)
    return { ref: { role, checkpoint }, name: `${lap.lap} ${role}`, price: lap.recipe.prices };
  throw new Error(
    `${role}: expected a model, {"endpoint": "http://…/v1", "model": "…"}, or a lap that has one, got ` +
      (lap === undefined ? 'neither' : `${lap.lap}, which has none`),
  );
}

/** @throws where money is capped and a model has no price: nobody could tell when it is spent. */
export function refuseUnpriced({ caps }: ProductInput, models: readonly AskedModel[]): void {
  const unpriced = models.find(({ price }) => price === undefined);
  if (caps?.cost === undefined || unpriced === undefined) return;
  throw new Error(
    `caps.cost (--max-cost): expected a price of ${unpriced.name}, got none: "price" of its endpoint says what a ` +
      'million tokens cost (`flywheel import endpoints FILE`; docs/products.md, "Prices, limits and caps"), or cap calls or tokens',
  );
}

/** Sampling of each task: what the input says, over what the lap says, over the product's own. */
export function samplingAsked(
  { sampling }: ProductInput,
  lap: LapManifest | undefined,
  otherwise: Readonly<Record<Task, Sampling>>,
): Readonly<Record<Task, Sampling>> {
  const of = (task: Task): Sampling => {
    const given = Object.entries(sampling?.[task] ?? {}).filter(([, value]) => value !== undefined);
    return { ...(lap?.recipe.sampling[task] ?? otherwise[task]), ...Object.fromEntries(given) };
  };
  return Object.fromEntries(TASKS.map((task) => [task, of(task)])) as Record<Task, Sampling>;
}

interface Asked {
  readonly kind: ProductKind;
  readonly input: ProductInput;
  /** What the name follows from where none is given. */
  readonly file: string;
  readonly lap: LapManifest | undefined;
  readonly sampling: Readonly<Record<Task, Sampling>>;
  /** Whether threads of proofs are refined. @default false */
  readonly refines?: boolean;
  /** Of the workflow that asks. */
  readonly owner: ProductOwner;
}

export interface ProductOwner {
  readonly workflowId: string;
  /** Temporal's first execution run id. */
  readonly runId: string;
}

/**
 * Names the product and takes hold of its place: one workflow at a time, and one input for ever.
 * @throws `ProductOpen`; `InvalidProduct` where the name is of another input.
 */
export async function openProduct(world: ProductWorld, asked: Asked): Promise<OpenedProduct> {
  const { store } = world;
  const { kind, input, lap, owner } = asked;
  const { seed = 1, caps } = input;
  const name = nameOf(input, asked.file);
  const place = productPlace(kind, name);
  const prompts = await promptSetNamed(store, promptsAsked(input, lap), lap?.recipe.metaRubric, asked.refines);
  await takeHold(world, place, owner);
  await keepInput(store, place, input);
  const engine = {
    engine: lap?.recipe.inference.engine ?? 'external',
    shardRows: lap?.recipe.inference.shardRows ?? 512,
    window: lap?.recipe.inference.window ?? 4,
    maxConcurrency: concurrencyAsked(input, lap),
  };
  return { place, name, prompts, seed, sampling: asked.sampling, engine, ...(caps && { caps }) };
}

async function takeHold({ store, isUnderWay }: ProductWorld, place: Place, owner: ProductOwner): Promise<void> {
  const held = await store.findJson<ProductOwner>(uri.products(place, 'owner.json'));
  if (held?.runId === owner.runId) return;
  if (held !== undefined && (await isUnderWay?.(held.workflowId, held.runId)))
    throw failure(
      'ProductOpen',
      `${place} is under way already, as workflow ${held.workflowId}: let it go on, or cancel it`,
    );
  await store.writeJson(uri.products(place, 'owner.json'), owner);
}

async function keepInput(store: ArtifactStore, place: Place, input: ProductInput): Promise<void> {
  const taken = await otherInput(store, place, input);
  if (taken !== undefined) throw new Error(taken);
  const file = uri.products(place, 'input.json');
  if ((await store.stat(file)) === undefined) await store.writeJson(file, identityOf(input));
}

/** Whether a place was begun, with whatever input. */
export const isBegun = async (store: ArtifactStore, place: Place): Promise<boolean> =>
  (await store.stat(uri.products(place, 'input.json'))) !== undefined;

/** That the place is of a product with another input, in a sentence; undefined where it is not. */
export async function otherInput(store: ArtifactStore, place: Place, input: object): Promise<string | undefined> {
  const asked = identityOf(input);
  const before = await store.findJson<typeof asked>(uri.products(place, 'input.json'));
  if (before === undefined) return undefined;
  const text = (value: unknown): string => JSON.stringify(sorted(value)) ?? 'nothing';
  const fields = [...new Set([...Object.keys(before), ...Object.keys(asked)])];
  const other = fields.find((field) => text(before[field]) !== text(asked[field]));
  if (other === undefined) return undefined;
  return (
    `Expected the input that ${place} was begun with, ${other} = ${text(before[other])}, got ${text(asked[other])}: ` +
    'give it another name'
  );
}
