import * as z from 'zod';
import { parseSetting } from '../processes/settings.ts';

/** An endpoint that others run. */
const externalEndpointSchema = z.strictObject({
  /** OpenAI-compatible API, with or without the trailing `/v1`. */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /**
   * Names under which it serves models, by checkpoint digest; `*` stands for every other model.
   * @default every model, under its digest
   */
  models: z
    .record(z.string().regex(/^([0-9a-f]{64}|\*)$/, 'expected a checkpoint digest or *'), z.string().min(1))
    .optional(),
  maxConcurrency: z.int().min(1).max(4096).default(64),
  /** Name of the environment variable that holds its API key. */
  apiKeyEnv: z.string().min(1).optional(),
});
export type ExternalEndpoint = z.infer<typeof externalEndpointSchema>;

/**
 * Endpoints of engine `external`, from a JSON list such as `[{"baseUrl":"http://gpu-1:8000/v1","maxConcurrency":256}]`.
 * @throws naming the field, what was expected and what came.
 */
export function parseExternalEndpoints(text: string, setting = 'FLYWHEEL_ENDPOINTS'): ExternalEndpoint[] {
  return parseSetting(
    setting,
    text,
    z.array(externalEndpointSchema).min(1),
    '[{"baseUrl":"http://gpu-1:8000/v1","maxConcurrency":256}]',
  );
}

/** A program that serves one checkpoint. */
const serveCommandSchema = z
  .array(z.string())
  .min(1)
  .refine((words) => words.some((word) => word.includes('{port}')), 'expected {port} in one of the words')
  .refine((words) => words.some((word) => word.includes('{checkpoint}')), 'expected {checkpoint} in one of the words');

/**
 * Command of engine `command`: a JSON list of words with `{checkpoint}` (folder), `{port}` and, optionally, `{model}`
 * (the name to serve it under), such as
 * `["vllm","serve","{checkpoint}","--served-model-name","{model}","--port","{port}"]`. It must answer `GET /health`.
 * @throws naming what was expected and what came.
 */
export function parseServeCommand(text: string, setting = 'FLYWHEEL_SERVE_COMMAND'): string[] {
  return parseSetting(
    setting,
    text,
    serveCommandSchema,
    '["vllm","serve","{checkpoint}","--port","{port}","--served-model-name","{model}"]',
  );
}
