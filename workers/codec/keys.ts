import { ConfigurationError } from '../../temporal.config.ts';

/** A key of AES-256, by the name that payloads tell it by. */
export interface CodecKey {
  readonly id: string;
  readonly key: Buffer;
}

const KEY_BYTES = 32;

/**
 * Keys as `FLYWHEEL_CODEC_KEYS` has them, `<id>:<32 bytes as base64>`, separated by commas or white space: the first one
 * encrypts, each decrypts, so that a new key is put before the old ones.
 * @throws ConfigurationError that says which is wrong, and shows none.
 */
export function codecKeysFrom(text: string | undefined): readonly CodecKey[] {
  const keys = (text ?? '').split(/[\s,]+/).flatMap((part, index) => (part === '' ? [] : keyFrom(part, index + 1)));
  const twice = keys.find(({ id }, index) => keys.findIndex((other) => other.id === id) < index);
  if (twice !== undefined)
    throw new ConfigurationError(`Expected FLYWHEEL_CODEC_KEYS to have an id once, got ${twice.id} twice`);
  return keys;
}

function keyFrom(part: string, position: number): CodecKey {
  const [, id, encoded = ''] = /^([A-Za-z0-9_.-]{1,64}):([A-Za-z0-9+/_-]+={0,2})$/.exec(part) ?? [];
  const key = Buffer.from(encoded, 'base64');
  if (id === undefined || key.length !== KEY_BYTES)
    throw new ConfigurationError(
      'Expected FLYWHEEL_CODEC_KEYS to be like "2026-11:<32 bytes as base64>", separated by commas, got ' +
        (id === undefined
          ? `another text as number ${position}`
          : `${key.length} bytes as the key ${id}: \`openssl rand -base64 32\` makes one`),
    );
  return { id, key };
}
