import { StoreRefused, StoreUnreachable } from '../refusals.ts';
import { addressOf, type S3Place } from './place.ts';

interface Answer {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

export const statusOf = (error: unknown): number | undefined => (error as Answer).$metadata?.httpStatusCode;

/** Whether it took more than one try: an earlier one may have done what was asked. */
export const wasRepeated = (error: unknown): boolean => ((error as Answer).$metadata?.attempts ?? 1) > 1;

/** The server's own name of an error. */
export const codeOf = (error: unknown): string => {
  const { Code, name, code } = error as Answer;
  return Code ?? (name === undefined || name === 'Error' ? code : name) ?? 'Error';
};

/** What a person does about what cannot heal, by the server's name of it. */
const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket (`aws s3 mb s3://BUCKET`), or name another in FLYWHEEL_STORE',
  InvalidBucketName: 'name another bucket in FLYWHEEL_STORE',
  PermanentRedirect: 'the bucket is in another region: set AWS_REGION to it',
  AuthorizationHeaderMalformed: 'the bucket is in another region: set AWS_REGION to it',
  AccessDenied: 'let these credentials list the bucket, and read, write and delete below the prefix',
  InvalidAccessKeyId: 'the server knows no such key: correct AWS_ACCESS_KEY_ID, or AWS_PROFILE',
  XAdminUserNotFound: 'the server knows no such key: correct AWS_ACCESS_KEY_ID, or AWS_PROFILE', // versitygw's
  SignatureDoesNotMatch: 'the secret is not the key’s: correct AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
};

/** What heals by itself, or by a person who signs in again: nothing is lost meanwhile. */
const HEALING =
  /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired|RequestTimeTooSkewed|SlowDown|ServiceUnavailable|InternalError|RequestTimeout|TimeoutError|NetworkingError|E[A-Z_]+)$/;

/**
 * An error of a request as what it is to whoever uses the store; one that only the asker understands stays as it is.
 * @param hasWorked whether the store has answered before: credentials that are gone since may come back.
 */
export function explained(error: unknown, place: S3Place, hasWorked: boolean): unknown {
  if (error instanceof StoreRefused || error instanceof StoreUnreachable) return error;
  const status = statusOf(error);
  const code = codeOf(error);
  const where = `the store ${addressOf(place, '').replace(/\/$/, '')}${place.endpoint ? ` at ${place.endpoint}` : ''}`;
  const said = (error as Answer).message || code;
  const options = { cause: error };
  if (code === 'CredentialsProviderError') {
    const text =
      `Expected credentials for ${where}, got none (${said}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ` +
      'or AWS_PROFILE';
    return hasWorked ? new StoreUnreachable(text, options) : new StoreRefused(text, options);
  }
  if (HEALING.test(code) || (status ?? 0) >= 500 || (status === undefined && isOfNetwork(error)))
    return new StoreUnreachable(
      `Expected ${where} to answer, got ${said} (${code}): what waits for it goes on once it does; if it does not, ` +
        'check that the server runs, and AWS_ENDPOINT_URL_S3',
      options,
    );
  if (code === 'ConfigError' || /region is missing/i.test(said))
    return new StoreRefused(`Expected a region for ${where}, got none: set AWS_REGION`, options);
  const remedy = REMEDIES[code];
  return remedy === undefined
    ? error
    : new StoreRefused(`Expected ${where} to be there and to let us in, got ${code}: ${remedy}`, options);
}

/** The same of the first request, which nothing but a store that is there answers: what is unknown is a refusal, too. */
export function explainedAtOpening(error: unknown, place: S3Place, hasWorked: boolean): unknown {
  const told = explained(error, place, hasWorked);
  if (told !== error) return told;
  const { message } = error as Error;
  return new StoreRefused(
    `Expected ${addressOf(place, '')} to be there and to let us in, got ${codeOf(error)}: ${message}`,
    { cause: error },
  );
}

/** Some are wrapped, and keep nothing but their words. */
function isOfNetwork(error: unknown): boolean {
  const { code = '', name = '', message = '' } = error as Answer;
  return (
    /^(E[A-Z]|UND_ERR)/.test(code) ||
    /Timeout|Network|AggregateError|AbortError/.test(name) ||
    /\b(ECONN[A-Z]+|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST[A-Z]+|ENET[A-Z]+)\b/.test(message)
  );
}
