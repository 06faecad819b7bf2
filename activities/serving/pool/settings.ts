import * as z from 'zod';
import type { ModelRef, ModelRole } from '../../../shared/records.ts';
import { failure } from '../../failure.ts';
import { thinkingSchema } from '../../store/thinking.ts';
import { engineSetting } from '../settings.ts';

/** As `inference.engine` of a recipe says it. */
export const POOL = 'pool';
export const POOLS = 'FLYWHEEL_POOLS';
const EXAMPLE =
  '{"judges":{"cluster":"local","command":["vllm","serve","{checkpoint}","--served-model-name","{model}",' +
  '"--host","{host}","--port","{port}"],"replicas":{"min":1,"max":4},"gpus":1}}';
const ROLES: readonly ModelRole[] = ['candidate', 'verifier', 'metaVerifier', 'generator'];

const has = (placeholder: string) =>
  [
    (words: readonly string[]) => words.some((word) => word.includes(placeholder)),
    `expected ${placeholder} in one of the words`,
  ] as const;
const command = z
  .array(z.string())
  .min(1)
  .refine(...has('{port}'))
  .refine(...has('{checkpoint}'))
  .refine(...has('{model}'));

const replicas = z
  .strictObject({ min: z.int().min(1).default(1), max: z.int().min(1).max(512).optional() })
  .transform(({ min, max = min }) => ({ min, max }))
  .refine(({ min, max }) => max >= min, 'expected max to be at least min');

const poolSchema = z.strictObject({
  /** One of FLYWHEEL_CLUSTERS. */
  cluster: z.string().min(1),
  /**
   * Words of the program that serves a checkpoint: `{checkpoint}` is its folder, `{model}` the name it is served by,
   * which is its digest, `{host}` and `{port}` where it listens. It has to answer `GET /health`.
   */
  command,
  /** @default one */
  replicas: replicas.default({ min: 1, max: 1 }),
  /** Of one replica. @default 0 */
  gpus: z.int().min(0).default(0),
  /** Calls that one replica may have at once. Ours: 128, as a server of this machine. @default 128 */
  concurrency: z.int().min(1).max(4096).default(128),
  /** From its start on a node, queue not counted, to its first answer. @default 1800 */
  startSeconds: z.number().positive().default(1800),
  /** How long a replica that is ended may take for calls under way. @default 1800 */
  drainSeconds: z.number().min(0).default(1800),
  /** How long a replica may say nothing before another takes its place. @default 60 */
  silentSeconds: z.number().positive().default(60),
  /** How long fewer replicas must do before some are ended. @default 300 */
  coolDownSeconds: z.number().min(0).default(300),
  /** Longest run of a replica; then it is followed by another. @default 168 */
  hours: z.number().positive().default(168),
  /** The cluster's queue, or partition. @default the cluster's own */
  queue: z.string().min(1).optional(),
  image: z.string().min(1).optional(),
  /** Environment of the engine, beside the cluster's. No place for secrets. */
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).default({}),
  /**
   * Name of a variable of this environment that holds a key: the engine gets it under that name (VLLM_API_KEY,
   * LLAMA_API_KEY), and calls are made with it. @default none
   */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_]\w*$/)
    .optional(),
  /** Ports that a replica may take, first and last, where a firewall lets only some through. @default any */
  ports: z.tuple([z.int().min(1).max(65_535), z.int().min(1).max(65_535)]).optional(),
  /** By which of its names a node of another machine is reached. @default ip */
  address: z.enum(['ip', 'hostname']).default('ip'),
  /** Models of which roles it serves. @default all */
  roles: z
    .array(z.enum(ROLES as [ModelRole]))
    .min(1)
    .optional(),
  /** How its replies hold thinking. @default as the checkpoint's folder says */
  thinking: thinkingSchema.optional(),
});

export type PoolSettings = z.infer<typeof poolSchema> & { readonly name: string };

const schema = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'expected a name of small letters, digits and -'), poolSchema)
  .refine((pools) => Object.keys(pools).length > 0, 'expected at least one pool');

/** @throws `EngineNotConfigured`, naming the field, what was expected and what came. */
export function readPools(text: string | undefined): PoolSettings[] {
  return Object.entries(engineSetting(POOL, POOLS, text, schema, EXAMPLE)).map(([name, pool]) => ({ name, ...pool }));
}

/** GPUs that the replicas of one model may take at most, of the largest pool; undefined where the setting is none. */
export function gpusOfPools(text: string | undefined): number | undefined {
  try {
    return Math.max(...readPools(text).map(({ gpus, replicas }) => gpus * replicas.max));
  } catch {
    return undefined; // said elsewhere, by name
  }
}

/** The first pool that serves models of that role. @throws `EngineNotConfigured` */
export function poolFor(pools: readonly PoolSettings[], { role }: Pick<ModelRef, 'role'>): PoolSettings {
  const found = pools.find(({ roles }) => roles?.includes(role) ?? true);
  if (found !== undefined) return found;
  throw failure(
    'EngineNotConfigured',
    `Expected a pool of ${POOLS} that serves models of the role ${role}, got ` +
      `${pools.map(({ name, roles = [] }) => `${name} (${roles.join(', ')})`).join(', ')}: add the role to one, or leave ` +
      'out "roles"',
  );
}
