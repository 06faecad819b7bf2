import * as z from 'zod';
import { SUBJECTS } from './evaluation.ts';
import type { EvaluateInput } from './evaluationInput.ts';
import { modelSchema, productFields } from './schema.ts';

const many = z.int().min(1).max(100_000).optional();
const text = z.string().min(1).optional();

/** What an evaluation may be told, field by field. */
export const evaluateSchema = z.strictObject({
  ...productFields,
  subject: z.enum(SUBJECTS).optional(),
  proofs: text,
  problems: text,
  truth: z
    .strictObject({
      by: text,
      set: text,
      scale: text,
      isBinary: z.boolean().optional(),
      half: z.union([z.literal(0), z.literal(1)]).optional(),
      leftOut: z.record(z.string(), z.int().min(1)).optional(),
    })
    .optional(),
  verifier: modelSchema.optional(),
  metaVerifier: modelSchema.optional(),
  generator: modelSchema.optional(),
  against: modelSchema.optional(),
  againstLap: text,
  analyses: many,
  metaAnalyses: z.int().min(0).max(100_000).optional(),
  proofsPerProblem: many,
  attempts: z.int().min(1).max(16).optional(),
}) satisfies z.ZodType<EvaluateInput>;
