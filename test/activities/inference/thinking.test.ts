import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { Endpoint } from '../../../activities/inference/types.ts';
import type { Outcome, Sampling } from '../../../shared/outcomes.ts';
import { modelKey } from '../../../shared/records.ts';
import { openWorld } from './world.ts';

/** What a server is asked, as far as thinking goes. */
interface Body {
  readonly max_tokens: number;
  readonly chat_template_kwargs?: object;
  readonly thinking?: object;
  readonly thinking_budget?: number;
}
const VERDICT =
  'Here is my evaluation of the solution:\nIt quotes "</think>".\n' +
  'Based on my evaluation, the final overall score should be: \\boxed{0}';
const SAMPLING = { temperature: 1, topP: 1, maxTokens: 64 } as const;
const THINK = { open: '<think>', close: '</think>' } as const;

let server: Server;
let bodies: Body[];
let message: object;
let finish: string;

beforeEach(async () => {
  bodies = [];
  finish = 'stop';
  server = createServer((request, response) => {
    void json(request).then((body) => {
      bodies.push(body as Body);
      const usage = { prompt_tokens: 10, completion_tokens: 100 };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ choices: [{ message, finish_reason: finish }], usage }));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** One verdict of an endpoint, and what it was asked. */
async function asked(
  endpoint: Partial<Endpoint>,
  sampling: Sampling = SAMPLING,
): Promise<{ outcome: Outcome; body: Body | undefined }> {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world = await openWorld({
    resolve: async (model) => [{ baseUrl, model: modelKey(model), maxConcurrency: 4, ...endpoint }],
  });
  await world.sample({ rows: await world.rows(1), task: 'verify', samplesPerRow: 1, sampling });
  const [outcome] = await world.outcomes();
  await world.close();
  return { outcome: outcome as Outcome, body: bodies[0] };
}

test.each([
  ['in a field', { content: VERDICT, reasoning_content: 'Step 3 is false.' }, undefined],
  ['in the text', { content: `<think>Step 3 is false.</think>\n${VERDICT}` }, () => THINK],
  ['in a text that the prompt began', { content: `Step 3 is false.</think>\n${VERDICT}` }, () => THINK],
])('thinking that comes %s is kept beside its answer, counted, and no part of it', async (_, given, thinking) => {
  message = given;
  const { outcome } = await asked({ thinking });
  expect(outcome).toMatchObject({ kind: 'answered', score: 0, text: VERDICT, thinking: 'Step 3 is false.' });
  const share = outcome.usage?.thinkingTokens ?? 0;
  expect(share).toBe(Math.round((100 * 16) / (16 + VERDICT.length)));
});

test('thinking that did not end within its limit is a truncated outcome that says how long it was', async () => {
  [message, finish] = [{ content: '<think>And then' }, 'length'];
  const { outcome } = await asked({ thinking: () => THINK });
  expect(outcome).toMatchObject({ kind: 'truncated', text: '', thinking: 'And then' });
  expect(outcome.reason).toContain('8 characters of thinking');
});

test('an answer that a server took for thinking is kept, and the reason says where to look', async () => {
  message = { content: null, reasoning_content: VERDICT };
  const { outcome } = await asked({});
  expect(outcome).toMatchObject({ kind: 'unparseable', text: '', thinking: VERDICT });
  expect(outcome.reason).toContain('another format of thinking');
});

test('thinking of which nobody has said that it comes is no answer, unless it is said to be text', async () => {
  message = { content: `<think>Perhaps.</think>\n${VERDICT}` };
  const { outcome } = await asked({ thinking: undefined });
  expect(outcome).toMatchObject({ kind: 'unparseable', text: `<think>Perhaps.</think>\n${VERDICT}` });
  expect(outcome.reason).toContain('begins with <think>');
  expect((await asked({ thinking: () => 'none' })).outcome).toMatchObject({ kind: 'answered', score: 0 });
});

test('a server is sent the limits of answer and thinking together, and each where it can tell them apart', async () => {
  message = { content: VERDICT };
  const sampling = { ...SAMPLING, maxThinkingTokens: 1000 };
  expect((await asked({}, sampling)).body?.max_tokens).toBe(1064);
  expect((await asked({ budgetField: 'thinking_budget' }, sampling)).outcome.kind).toBe('answered');
  expect(bodies[1]).toMatchObject({ max_tokens: 1064, thinking_budget: 1000 });
});

test('what the recipe tells the chat template is sent, and says how the reply is read', async () => {
  message = { content: VERDICT };
  const templateKwargs = { enable_thinking: false };
  const { outcome, body } = await asked(
    { thinking: (told) => (told?.['enable_thinking'] === false ? 'none' : THINK) },
    { ...SAMPLING, templateKwargs },
  );
  expect(body).toMatchObject({ chat_template_kwargs: templateKwargs });
  expect(outcome).toMatchObject({ kind: 'answered', score: 0, text: VERDICT });
});

test('a server that separates by token ids is told the marks, and others are not', async () => {
  message = { content: VERDICT };
  expect((await asked({ thinking: () => THINK, separates: true })).body?.thinking).toEqual(THINK);
  await asked({ thinking: () => THINK });
  expect(bodies[1]).not.toHaveProperty('thinking');
});
