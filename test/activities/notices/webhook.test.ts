import { createHmac } from 'node:crypto';
import { post, signatureOf } from '../../../activities/notices/webhook.ts';
import { startReceiver, type Receiver } from './receiver.ts';

const SECRET = `whsec_${Buffer.from('a key of thirty-two characters..').toString('base64')}`;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.stop());

const sent = (more: object = {}) => post({ url: receiver.url, secret: SECRET, ...more }, 'notice/main/x', '{"a":1}');
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as { type: string; message: string; nonRetryable: boolean; nextRetryDelay?: number },
  );

test('what is posted is signed as Standard Webhooks says, so that a receiver can verify it', async () => {
  await sent();
  const [{ headers, body }] = receiver.received as [Receiver['received'][number]];
  const [id, at] = [headers['webhook-id'], headers['webhook-timestamp']];
  const expected = createHmac('sha256', 'a key of thirty-two characters..').update(
    `${String(id)}.${String(at)}.${body}`,
  );
  expect(headers['webhook-signature']).toBe(`v1,${expected.digest('base64')}`);
  expect(id).toBe('notice/main/x');
  expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(60);
  expect([headers['content-type'], body]).toEqual(['application/json', '{"a":1}']);
});

test('the signature is the one of the example in the specification', () => {
  // standardwebhooks.com, "Signature scheme", as its libraries' tests have it.
  expect(
    signatureOf(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1614265330,
      '{"test": 2432232314}',
    ),
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('without a secret it is not signed', async () => {
  await sent({ secret: undefined });
  expect(receiver.received[0]?.headers['webhook-signature']).toBeUndefined();
});

test.each([200, 201, 202, 204])('%d is success', async (status) => {
  receiver.answers.push(status);
  expect(await failureOf(sent())).toBeUndefined();
});

test.each([400, 401, 404, 429, 500, 503])('%d is worth another try', async (status) => {
  receiver.answers.push(status);
  expect(await failureOf(sent())).toMatchObject({ type: 'WebhookFailed', nonRetryable: false });
});

test('410 means no more of these', async () => {
  receiver.answers.push(410);
  expect(await failureOf(sent())).toMatchObject({ type: 'WebhookGone', nonRetryable: true });
});

test('redirects are not followed', async () => {
  const elsewhere = await startReceiver();
  try {
    for (const status of [301, 302, 307, 308]) {
      receiver.answers.push({ status, headers: { location: elsewhere.url } });
      expect(await failureOf(sent())).toMatchObject({
        type: 'WebhookFailed',
        message: expect.stringContaining('redirects are not followed') as string,
      });
    }
    expect(elsewhere.received).toEqual([]);
  } finally {
    await elsewhere.stop();
  }
});

test('a receiver that asks for patience gets it, up to ten minutes', async () => {
  receiver.answers.push({ status: 429, headers: { 'retry-after': '7' } });
  receiver.answers.push({ status: 503, headers: { 'retry-after': '86400' } });
  expect(await failureOf(sent())).toMatchObject({ nextRetryDelay: 7_000 });
  expect(await failureOf(sent())).toMatchObject({ nextRetryDelay: 600_000 });
});

test('a receiver that hangs, or is not there, is given up soon, and its address is told to nobody', async () => {
  receiver.answers.push('hang');
  const hanging = await failureOf(sent({ timeoutMs: 100 }));
  expect(hanging?.message).toBe('The webhook gave no answer within 100 ms (TimeoutError)');
  await receiver.stop();
  const dead = await failureOf(sent());
  expect(dead?.message).toBe('The webhook gave no answer within 15000 ms (ECONNREFUSED)');
  receiver = await startReceiver();
});
