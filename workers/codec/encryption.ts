import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ApplicationFailure, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { failure } from '../../activities/failure.ts';
import type { CodecKey } from './keys.ts';

/** Metadata that Temporal's own examples use, so that a codec server of theirs reads ours. */
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

/**
 * Encrypts what passes through the server with the first of the keys (AES-256-GCM, a random nonce each), and reads what
 * any of them has encrypted. What was never encrypted is read as it is, so that it can be switched on under open laps.
 * Without a key nothing is encrypted, and what is cannot be read.
 */
export function encryptionCodec(keys: readonly CodecKey[]): PayloadCodec {
  const [newest] = keys;
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    encode: async (payloads) => (newest === undefined ? payloads : payloads.map((each) => encrypted(each, newest))),
    decode: async (payloads) => payloads.map((each) => decrypted(each, byId)),
  };
}

function encrypted(payload: Payload, { id, key }: CodecKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  const data = [nonce, cipher.update(PayloadMessage.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  return { metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) }, data: Buffer.concat(data) };
}

/** @throws ApplicationFailure of type PayloadLocked: another worker, or this one with the key, can read it. */
function decrypted(payload: Payload, keys: ReadonlyMap<string, Buffer>): Payload {
  if (text(payload.metadata?.['encoding']) !== ENCODING) return payload;
  const id = text(payload.metadata?.[KEY_ID]);
  const key = keys.get(id);
  if (key === undefined)
    throw locked(
      `Expected FLYWHEEL_CODEC_KEYS to have the key ${JSON.stringify(id)}, which a payload is encrypted with, got ` +
        (keys.size === 0 ? 'none' : [...keys.keys()].join(', ')),
    );
  const data = Buffer.from(payload.data ?? []);
  const tag = data.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(tag));
    const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, tag)), decipher.final()]);
    return PayloadMessage.decode(plain);
  } catch {
    throw locked(
      `Expected the key ${JSON.stringify(id)} of FLYWHEEL_CODEC_KEYS to be the one that a payload is encrypted with, ` +
        'got another, or the payload was changed on its way',
    );
  }
}

function locked(message: string): ApplicationFailure {
  return failure('PayloadLocked', message);
}
