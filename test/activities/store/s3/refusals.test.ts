import { StoreRefused, StoreUnreachable } from '../../../../activities/store/refusals.ts';
import { explained, explainedAtOpening } from '../../../../activities/store/s3/refusals.ts';
import { heals } from '../../../../shared/failures.ts';

const place = { bucket: 'team', prefix: 'a', endpoint: 'http://127.0.0.1:9000' };
const answer = (name: string, httpStatusCode?: number, message = name) =>
  Object.assign(new Error(message), { name, $metadata: { ...(httpStatusCode && { httpStatusCode }) } });

test.each([
  [answer('NoSuchBucket', 404), 'got NoSuchBucket: make the bucket'],
  [answer('AccessDenied', 403), 'let these credentials list the bucket'],
  [answer('InvalidAccessKeyId', 403), 'correct AWS_ACCESS_KEY_ID'],
  [answer('SignatureDoesNotMatch', 403), 'correct AWS_SECRET_ACCESS_KEY'],
  [answer('PermanentRedirect', 301), 'set AWS_REGION'],
  [answer('CredentialsProviderError', undefined, 'Could not load'), 'Expected credentials for the store s3://team/a'],
])('%s is refused, with what to do', (error, words) => {
  const told = explained(error, place, false);
  expect(told).toBeInstanceOf(StoreRefused);
  expect((told as Error).message).toContain('the store s3://team/a at http://127.0.0.1:9000');
  expect((told as Error).message).toContain(words);
  expect(heals('StoreRefused')).toBe(false);
});

test.each([
  Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9000'), { code: 'ECONNREFUSED' }),
  answer('TimeoutError'),
  answer('SlowDown', 503),
  answer('InternalError', 500),
  answer('ExpiredToken', 400),
])('%s heals', (error) => {
  expect(explained(error, place, false)).toBeInstanceOf(StoreUnreachable);
  expect(heals('StoreUnreachable')).toBe(true);
});

test('credentials that were there before may come back', () => {
  expect(explained(answer('CredentialsProviderError'), place, true)).toBeInstanceOf(StoreUnreachable);
});

test('what nobody knows of the first request is a refusal, and of others the asker’s', () => {
  const error = answer('TeapotError', 418, 'no coffee');
  expect(explainedAtOpening(error, place, false)).toMatchObject({
    name: 'StoreRefused',
    message: 'Expected s3://team/a/ to be there and to let us in, got TeapotError: no coffee',
  });
  expect(explainedAtOpening(answer('NoSuchBucket', 404), place, false)).toBeInstanceOf(StoreRefused);
  expect(explained(error, place, false)).toBe(error);
});

test('what only the asker understands stays as it is', () => {
  const error = answer('PreconditionFailed', 412);
  expect(explained(error, place, true)).toBe(error);
});
