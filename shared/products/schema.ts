import * as z from 'zod';
import { TASKS } from '../records.ts';
import { PRODUCT_NAME } from '../ids.ts';
import { SEARCHES } from './search.ts';
import { LABELLING, type LabellingName } from '../label/policies.ts';
import { LABEL_RULES } from '../sampling/sets.ts';
import type { ProductInput, SolveInput } from './input.ts';
import type { LabelInput } from './labels.ts';

/** What products may be told, field by field. */

const limit = z.number().positive();
export const capsSchema = z.strictObject({
  calls: z.int().min(1).optional(),
  tokens: z.int().min(1).optional(),
  cost: limit.optional(),
});

/** Inputs stand in histories: no key may. */
function isWithoutKey(address: string): boolean {
  if (!URL.canParse(address)) return true; // that is said already
  const { username, password, searchParams } = new URL(address);
  const names = [...searchParams.keys()].join(' ');
  return username === '' && password === '' && !/key|token|secret|password|auth/i.test(names);
}

export const modelSchema = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'expected the URL of an API, such as http://127.0.0.1:8000/v1' })
    .refine(
      isWithoutKey,
      'expected an address without a name, password or key, got one with it: --api-key-env, or apiKeyEnv of the ' +
        'endpoint, names the variable that holds a key',
    ),
  model: z.string().min(1),
  revision: z.string().min(1).optional(),
});

const samplingSchema = z
  .strictObject({
    temperature: z.number().min(0).max(2),
    topP: z.number().gt(0).max(1),
    maxTokens: z.int().min(1).max(262_144),
    maxThinkingTokens: z.int().min(1).max(262_144),
    templateKwargs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })
  .partial();

/** Fields that every product has. */
export const productFields = {
  name: z
    .string()
    .regex(
      PRODUCT_NAME,
      'expected small letters, digits, "-", "_" and ".", at most 61, and no name of a lap, such as imo-2025',
    )
    .optional(),
  lap: z.string().min(1).optional(),
  prompts: z.string().min(1).optional(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .optional(),
  sampling: z.partialRecord(z.enum(TASKS), samplingSchema).optional(),
  concurrency: z.int().min(1).max(4096).optional(),
  caps: capsSchema.optional(),
} satisfies Record<keyof ProductInput, z.ZodType>;

const many = z.int().min(1).max(100_000).optional();

/** A search by name or by sizes. */
export const searchSchema = z.union(
  [
    z.enum(Object.keys(SEARCHES) as [keyof typeof SEARCHES, ...(keyof typeof SEARCHES)[]]),
    z.strictObject({
      proofs: many,
      analyses: many,
      refined: many,
      shown: many,
      rounds: z.int().min(0).max(1000).optional(),
      earlyStop: z.boolean().optional(),
      halving: z.boolean().optional(),
    }),
  ],
  'expected small, paper, released, or sizes such as {"proofs": 8, "analyses": 8, "rounds": 3}',
);

/** A sequential refinement by its sizes. */
export const refinementSchema = z.strictObject({
  threads: many,
  iterations: many,
  verdicts: z.int().min(0).max(100_000).optional(),
});

export const solveSchema = z.strictObject({
  ...productFields,
  problems: z.string('expected a file of problems in the store, such as imports/problems/0123456789ab.jsonl').min(1),
  generator: modelSchema.optional(),
  verifier: modelSchema.optional(),
  search: searchSchema.optional(),
  refine: refinementSchema.optional(),
  graded: z.string().min(1).optional(),
}) satisfies z.ZodType<SolveInput>;

const labellingName = z.enum(Object.keys(LABELLING) as [LabellingName, ...LabellingName[]]);

export const labelSchema = z.strictObject({
  ...productFields,
  proofs: z.string().min(1),
  verifier: modelSchema.optional(),
  metaVerifier: modelSchema.optional(),
  policy: z
    .union([
      labellingName,
      z.strictObject({
        like: labellingName.optional(),
        analysesPerProof: z.int().min(1).max(1024).optional(),
        metaAnalysesPerAnalysis: z.int().min(0).max(1024).optional(),
        minValidAnalyses: z.union([z.int().min(1), z.number().gt(0).lt(1)]).optional(),
        rule: z.enum(LABEL_RULES).optional(),
        confirmingMetaScore: z.union([z.literal(0.5), z.literal(1)]).optional(),
        waves: z.array(z.int().min(1)).min(1).optional(),
        earlyStop: z.boolean().optional(),
        verdictAttempts: z.int().min(1).max(100).optional(),
      }),
    ])
    .optional(),
  ask: z
    .strictObject({
      seats: z.int().min(1).max(9).optional(),
      leaseMinutes: limit.optional(),
      deadlineHours: limit.optional(),
      wait: z.boolean().optional(),
    })
    .optional(),
}) satisfies z.ZodType<LabelInput>;
