import type * as z from 'zod';
import { failure } from '../failure.ts';
import { parseSetting } from '../processes/settings.ts';

/**
 * What an engine is told by a setting, read when it is asked for a model: who uses another engine may leave it wrong.
 * @throws `EngineNotConfigured`.
 */
export function engineSetting<T>(
  engine: string,
  setting: string,
  text: string | undefined,
  schema: z.ZodType<T>,
  example: string,
): T {
  if (text === undefined)
    throw failure(
      'EngineNotConfigured',
      `Expected ${setting} to be set, since inference.engine is ${engine}, got nothing: set it, or choose another ` +
        'engine',
    );
  try {
    return parseSetting(setting, text, schema, example);
  } catch (error) {
    throw failure('EngineNotConfigured', (error as Error).message);
  }
}
