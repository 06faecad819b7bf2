import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { Identity } from '../../../activities/inference/identity.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { modelKey } from '../../../shared/records.ts';
import { itemsOfSimple, withoutEnds } from '../../../shared/reward/simple.ts';
import { createRewardService } from '../../../workers/reward-service/server.ts';
import { evaluationOf, verdictBySeed } from './fakeModelServer.ts';
import { begin, gate, itemOf, JOB, post, request, specOf, TOKEN, writeSpec } from './fixtures.ts';
import { rewardWorld } from './world.ts';

jest.setTimeout(60_000);

const world = rewardWorld();
let app: FastifyInstance;

async function start(options: Partial<Parameters<typeof createRewardService>[0]> = {}): Promise<void> {
  app = createRewardService({
    store: new FileStore(world.folder),
    resolve: (judge) => Promise.resolve([{ baseUrl: world.model.url, model: modelKey(judge), maxConcurrency: 64 }]),
    token: TOKEN,
    ...options,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
}
beforeEach(() => start());
afterEach(() => app.close());

const RESPONSE = '## Solution\nBy induction.';
const at = (facade: string) => `/jobs/${encodeURIComponent(JOB)}/compat/${facade}`;
const sampleOf = (changes: object = {}) => ({ prompt: 'prove, please', response: RESPONSE, label: 'p1', ...changes });
const manyOf = (responses: readonly string[]) => ({
  query: responses.map((response) => `Q: prove, please\n${response}`),
  prompts: responses.map(() => 'Q: prove, please\n'),
  labels: responses.map((_, index) => `p${index}`),
});
const rowOf = (output: readonly object[], changes: object = {}) => ({
  itemId: 'p1',
  agent_ref: { name: 'simple_agent' },
  responses_create_params: { input: [{ role: 'user', content: 'prove, please' }] },
  response: { id: 'resp_1', object: 'response', status: 'completed', output, ...changes },
});
const messageOf = (text: string) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});

async function ask(facade: string, body: unknown, signal?: AbortSignal) {
  const answer = await request(app, at(facade), { body, ...(signal && { signal }) });
  const said: unknown = await answer.json();
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: said };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

const judgeSays = (score: string | number) => {
  world.model.reply = () => evaluationOf(score);
};

describe('compat/simple', () => {
  test('rewards a sample that names its row in the label, as slime sends it', async () => {
    judgeSays(0.5);
    expect(await ask('simple', sampleOf())).toMatchObject({ status: 200, body: 0.5 });
    expect((await post(app, [itemOf()])).body.items).toMatchObject([{ reward: 0.5 }]);
    expect(world.model.calls).toHaveLength(1);
  });

  test('rewards several queries without the prompts they begin with, as OpenRLHF sends them', async () => {
    judgeSays(1);
    expect((await ask('simple', manyOf([RESPONSE, `${RESPONSE}<|im_end|>\n`, 'no section']))).body).toEqual({
      rewards: [1, 1, 0],
      scores: [1, 1, 0],
      extra_logs: { unscorable: [0, 0, 0], overlong: [0, 0, 0], malformed: [0, 0, 1] },
    });
    expect(world.model.calls.map(({ content }) => content).join()).not.toContain('prove, please');
  });

  test('shows no judge the thinking whose marks the address says, nor the tokens that end a response', async () => {
    judgeSays(1);
    const thought = sampleOf({ response: `Hm, a trick?</think>\n\n${RESPONSE}<|im_end|>` });
    expect((await ask('simple?open=%3Cthink%3E&close=%3C%2Fthink%3E', thought)).body).toBe(1);
    expect((await ask('simple', sampleOf())).body).toBe(1);
    expect(world.model.calls).toHaveLength(1);
  });

  test('goes on after the client hung up; its next try joins, and later ones are answered from the log', async () => {
    const answered = gate();
    world.model.reply = async (call) => {
      await answered.opened;
      return verdictBySeed(call);
    };
    const patience = new AbortController();
    const impatient = ask('simple', sampleOf(), patience.signal);
    await until(() => world.model.calls.length === 1);
    patience.abort();
    await expect(impatient).rejects.toThrow();
    const second = ask('simple', sampleOf());
    answered.open();
    const { body } = await second;
    expect([0, 0.5, 1]).toContain(body);
    await app.close();
    await start();
    expect((await ask('simple', sampleOf())).body).toBe(body);
    expect(world.model.calls).toHaveLength(1);
  });

  test('holds a request while its judge is down: no outage is a reward of 0', async () => {
    judgeSays(1);
    await world.model.stop();
    const held = ask('simple', sampleOf());
    const { body } = await begin(app, [itemOf()]);
    await until(() => body.underWay === 1);
    expect(await Promise.race([held, sleep(700).then(() => 'held')])).toBe('held');
    await world.model.start();
    expect((await held).body).toBe(1);
  });

  test('gives an unscorable sample null, or what the address says; never 0 unsaid', async () => {
    judgeSays(7);
    expect(await ask('simple', sampleOf())).toMatchObject({ status: 200, body: null });
    expect((await ask('simple?unscorable=0.5', sampleOf())).body).toBe(0.5);
    const { rewards, extra_logs } = (await ask('simple', manyOf([RESPONSE, 'no section']))).body as {
      rewards: unknown;
      extra_logs: unknown;
    };
    expect(rewards).toEqual([null, 0]);
    expect(extra_logs).toMatchObject({ unscorable: [1, 0] });
    expect((await ask('simple?unscorable=', sampleOf())).status).toBe(400);
  });

  test('takes the token as a password in the address, where a client can be given no header', async () => {
    judgeSays(1);
    const { hostname, port } = new URL(app.listeningOrigin);
    const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`job:${token}`).toString('base64')}` });
    const asked = (token: string) =>
      fetch(`http://${hostname}:${port}${at('simple')}`, {
        method: 'POST',
        headers: { ...basic(token), 'content-type': 'application/json' },
        body: JSON.stringify(sampleOf()),
      });
    expect((await asked(TOKEN)).status).toBe(200);
    expect((await asked('wrong')).status).toBe(401);
    expect((await asked(`${TOKEN}:`)).status).toBe(401);
  });

  test.each([
    [sampleOf({ label: 'p99' }), 422, 'items.0.itemId: expected a row of the job\'s datasets, got "p99"'],
    [sampleOf({ label: undefined }), 400, 'label'],
    [sampleOf({ response: '<think>Hm' }), 422, 'it begins with <think>'],
    [{ ...manyOf([RESPONSE]), prompts: ['Another'] }, 422, 'query.0: expected it to begin with prompts.0'],
    [{ ...manyOf([RESPONSE]), labels: [] }, 422, 'expected equally many, got 1, 1 and 0'],
  ])('refuses what no item can be made of, and names it (%#)', async (body, status, problem) => {
    expect(await ask('simple', body)).toMatchObject({ status, body: { error: expect.stringContaining(problem) } });
    expect(world.model.calls).toHaveLength(0);
  });
});

describe('compat/nemo-gym', () => {
  test('verifies a response, and gives back all that was sent beside its reward', async () => {
    judgeSays(0.5);
    expect(await ask('nemo-gym/seed_session', rowOf([]))).toMatchObject({ status: 200, body: {} });
    const row = rowOf([
      { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm, a trick?' }] },
      messageOf(RESPONSE),
    ]);
    const { status, body } = await ask('nemo-gym/verify', row);
    expect(status).toBe(200);
    expect(body).toEqual({ ...row, reward: 0.5, component_format: 1, component_proof: 0.5, overlong: 0 });
    expect(world.model.calls[0]?.content).not.toContain('a trick');
  });

  test('takes an incomplete response for one that was cut off', async () => {
    const row = rowOf([messageOf(RESPONSE)], { status: 'incomplete' });
    expect((await ask('nemo-gym/verify', row)).body).toMatchObject({ reward: 0, component_format: 0 });
    expect(world.model.calls).toHaveLength(0);
  });

  test('has no reward for an unscorable sample, masks it and says why', async () => {
    judgeSays(7);
    expect((await ask('nemo-gym/verify', rowOf([messageOf(RESPONSE)]))).body).toMatchObject({
      reward: null,
      mask_sample: true,
      failure_kind: 'judge_failed',
      failure_reason: expect.stringContaining('no usable verdict in 3 attempts'),
    });
  });

  test('refuses a row without its itemId, or of another job', async () => {
    const row = { ...rowOf([messageOf(RESPONSE)]), itemId: undefined };
    expect(await ask('nemo-gym/verify', row)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('itemId') },
    });
    const elsewhere = '/jobs/other/compat/nemo-gym/seed_session';
    expect((await request(app, elsewhere, { body: rowOf([]) })).status).toBe(404);
  });
});

describe.each([
  ['simple', sampleOf()],
  ['nemo-gym/verify', rowOf([messageOf(RESPONSE)])],
])('compat/%s', (facade, body) => {
  test('answers 503, and when to ask again, where what was judged could not be kept', async () => {
    const { judges } = await specOf(new FileStore(world.folder));
    await app.close();
    await start({ identity: new Identity(new FileStore(world.folder)) });
    world.model.models = [judges.verifier?.checkpoint.sha256 ?? ''];
    judgeSays(0);
    await post(app, [itemOf({ response: `${RESPONSE} First.` })]);
    world.model.models = ['c'.repeat(64)];
    judgeSays(1);
    expect(await ask(facade, body)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    world.model.models = [judges.verifier?.checkpoint.sha256 ?? ''];
    judgeSays(0.5);
    const { body: rewarded } = await ask(facade, body);
    expect(facade === 'simple' ? { reward: rewarded } : rewarded).toMatchObject({ reward: 0.5 });
  });

  test('answers 429, and when to ask again, while the backlog is full', async () => {
    await app.close();
    await start({ maxUnderWay: 1 });
    const answered = gate();
    world.model.reply = async (call) => {
      await answered.opened;
      return verdictBySeed(call);
    };
    await begin(app, [itemOf({ itemId: 'p2' })]);
    expect(await ask(facade, body)).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    answered.open();
    await post(app, [itemOf({ itemId: 'p2' })]);
    expect((await ask(facade, body)).status).toBe(200);
  });

  test('answers 409 from when the judges lose too many verdicts', async () => {
    await writeSpec(new FileStore(world.folder), { maxLossShare: 0.2 });
    world.model.reply = () => 'It says nothing.';
    const lost = Array.from({ length: 120 }, (_, index) => itemOf({ response: `${RESPONSE} Way ${index}.` }));
    const held = ask(facade, body);
    expect((await post(app, lost)).status).toBe(409);
    expect([200, 409]).toContain((await held).status);
    expect((await ask(facade, body)).status).toBe(409);
  });
});

test('special tokens at the end of a text are no part of it, those within it are', () => {
  expect(withoutEnds('A <|x|> B.\n<|im_end|>\n<|endoftext|>')).toBe('A <|x|> B.');
  expect(withoutEnds('B.</s>')).toBe('B.');
  expect(withoutEnds('B.<｜end▁of▁sentence｜>')).toBe('B.');
  expect(withoutEnds('|x| > 1 <|')).toBe('|x| > 1 <|');
});

test('thinking that never ended leaves an empty answer', () => {
  const sample = { response: '<think>On and on', label: 'p1', truncated: true };
  expect(itemsOfSimple(sample, { open: '<think>', close: '</think>' })).toEqual([
    { itemId: 'p1', response: '', thinking: 'On and on', truncated: true },
  ]);
});
