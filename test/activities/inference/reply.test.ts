import fc from 'fast-check';
import { readRetryAfter } from '../../../activities/inference/http.ts';
import { readError, readReply, type Reply } from '../../../activities/inference/reply.ts';

const reply = (status: number, body: unknown): Reply =>
  readReply({
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    validText: true,
    retryAfterMs: undefined,
  });
const says = (content: unknown, finish_reason: unknown = 'stop') => ({
  choices: [{ message: { content }, finish_reason }],
});

test.each([
  ['429 and 503 are overloads', 429, 'overloaded'],
  ['429 and 503 are overloads', 503, 'overloaded'],
  ['a timeout or conflict may pass', 408, 'broken'],
  ['a timeout or conflict may pass', 409, 'broken'],
  ['a broken server may heal', 500, 'broken'],
  ['a gateway without a server behind it', 502, 'gone'],
  ['any other 4xx may be the request’s fault, or pass', 400, 'broken'],
  ['any other 4xx may be the request’s fault, or pass', 418, 'broken'],
  ['a request that is found fault with', 422, 'refused'],
  ['a redirect to elsewhere: the address is wrong, or something else stands in', 302, 'gone'],
])('%s: %i', (_, status, kind) => {
  expect(reply(status, { error: { message: 'why' } })).toMatchObject({ kind, message: `${status} why` });
});

test.each(['reasoning_content', 'reasoning'])('thinking in the field %s is apart from the answer', (field) => {
  expect(reply(200, { choices: [{ message: { content: null, [field]: 'hm' }, finish_reason: 'stop' }] })).toMatchObject(
    { kind: 'answer', content: '', reasoning: 'hm' },
  );
});

test.each([
  ['OpenAI, vLLM and others', { prompt_tokens_details: { cached_tokens: 64 } }, 64],
  ['DeepSeek', { prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 }, 64],
  ['nobody', {}, undefined],
  ['who has no such details', { prompt_tokens_details: null }, undefined],
  ['who found none', { prompt_tokens_details: { cached_tokens: 0 } }, undefined],
  ['who counts more than there are', { prompt_tokens_details: { cached_tokens: 900 } }, 100],
])('cached tokens of a prompt, as %s says them', (_, more, cachedPromptTokens) => {
  const told = reply(200, { ...says('x'), usage: { prompt_tokens: 100, completion_tokens: 5, ...more } });
  expect(told).toMatchObject({ usage: { promptTokens: 100, completionTokens: 5 } });
  expect(told.kind === 'answer' && told.usage?.cachedPromptTokens).toBe(cachedPromptTokens);
});

test('an answer that ends at a limit, or that the server gave up, is known as such', () => {
  expect(reply(200, says('half', 'length'))).toMatchObject({ kind: 'answer', finish: 'limit' });
  expect(reply(200, says('half', 'abort'))).toMatchObject({ kind: 'broken' });
  expect(reply(200, '{"choices": [{"mess')).toMatchObject({ kind: 'broken' });
  expect(reply(200, {})).toMatchObject({ kind: 'broken' });
});

test('a refused connection is a server that is gone, whatever the address family', () => {
  expect(readError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })).kind).toBe('gone');
  const said = Object.assign(new Error('connect ECONNREFUSED ::1:80'), { code: 'ECONNREFUSED' });
  expect(readError(said)).toMatchObject({ kind: 'gone', message: 'connect ECONNREFUSED ::1:80' });
  expect(
    readError(
      new AggregateError([
        Object.assign(new Error(), { code: 'ECONNREFUSED' }),
        Object.assign(new Error(), { code: 'ECONNREFUSED' }),
      ]),
    ).kind,
  ).toBe('gone');
  expect(readError(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })).kind).toBe('broken');
});

test('Retry-After is seconds or a date', () => {
  const asked = (retryAfter: string, more = {}) => readRetryAfter({ 'retry-after': retryAfter, ...more }, 4_000);
  expect(asked('2')).toBe(2_000);
  expect(asked('Thu, 01 Jan 1970 00:00:09 GMT')).toBe(5_000);
  expect(asked('Thu, 01 Jan 1970 00:00:09 GMT', { date: 'Thu, 01 Jan 1970 00:00:01 GMT' })).toBe(8_000);
  expect(asked('1', { 'retry-after-ms': '350' })).toBe(350);
  for (const none of ['soon', '', '0', '-5', 'Thu, 01 Jan 1970 00:00:03 GMT']) expect(asked(none)).toBeUndefined();
});

test('10,000 bodies of any JSON or text are classed, and none throws', () => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        choices: fc.oneof(
          fc.anything(),
          fc.array(
            fc.record(
              { message: fc.oneof(fc.anything(), fc.record({ content: fc.anything() })), finish_reason: fc.anything() },
              { requiredKeys: [] },
            ),
          ),
        ),
        usage: fc.anything(),
      })
      .map((value) => {
        try {
          return JSON.stringify(value) ?? 'undefined';
        } catch {
          return '{}';
        }
      }),
  );
  fc.assert(
    fc.property(fc.constantFrom(200, 201, 400, 404, 429, 500, 503), body, (status, text) => {
      const read = reply(status, text);
      expect(['answer', 'overloaded', 'gone', 'broken', 'refused']).toContain(read.kind);
      if (read.kind === 'answer') expect(typeof read.content).toBe('string');
    }),
    { numRuns: 10_000 },
  );
});
