import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { questionDigest } from '../../../activities/inference/keys.ts';
import { requestBody } from '../../../activities/inference/requestBody.ts';
import type { ModelCall } from '../../../activities/inference/types.ts';
import { readBack, written } from '../../../activities/inference/written.ts';
import { modelKey, type ChatMessage, type ModelRef } from '../../../shared/records.ts';

const model: ModelRef = { role: 'verifier', endpoint: 'http://127.0.0.1:1/v1', name: 'a "model"', revision: '1' };
const messages = fc.array(
  fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string({ unit: 'binary' }) }),
  { minLength: 1, maxLength: 3 },
);
const call = (asked: readonly ChatMessage[], maxThinkingTokens?: number): ModelCall => ({
  model,
  task: 'verify',
  messages: written(asked),
  sampling: {
    temperature: 1,
    topP: 0.95,
    maxTokens: 64,
    ...(maxThinkingTokens !== undefined && { maxThinkingTokens }),
  },
  key: 'k',
  row: 'r',
  sample: 0,
  attempt: 0,
  seed: 7,
});

test('what a question is known by is the digest of its JSON, so that what was paid for stays known', () => {
  fc.assert(
    fc.property(messages, fc.option(fc.nat(9), { nil: undefined }), (asked, thinking) => {
      const more = thinking === undefined ? [] : [[thinking, undefined]];
      const said = [modelKey(model), 'verify', asked.map(({ role, content }) => [role, content]), 1, 0.95, 64, ...more];
      const digest = createHash('sha256').update(JSON.stringify(said)).digest('hex');
      expect(questionDigest(call(asked, thinking))).toBe(digest);
    }),
  );
});

test('a request holds the messages as they are', () => {
  fc.assert(
    fc.property(messages, (asked) => {
      const body = requestBody(call(asked), { baseUrl: 'http://127.0.0.1:1/v1', model: 'm', maxConcurrency: 1 });
      expect(JSON.parse(String(body(new Set())))).toMatchObject({ messages: asked, model: 'm', seed: 7 });
      expect(readBack(written(asked))).toEqual(asked);
    }),
  );
});
