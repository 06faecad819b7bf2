import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { encryptionCodec } from '../../../workers/codec/encryption.ts';
import type { CodecKey } from '../../../workers/codec/keys.ts';

const key = (id: string): CodecKey => ({ id, key: randomBytes(32) });
const [old, fresh] = [key('old'), key('fresh')];
const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const value = (of: Payload | undefined): unknown => of && defaultPayloadConverter.fromPayload(of);

test('what is encrypted comes back as it was, and shows nothing of itself', async () => {
  const codec = encryptionCodec([fresh]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json({ maxDepth: 2 }), { maxLength: 4 }), async (texts) => {
      const encoded = await codec.encode(texts.map(payload));
      expect((await codec.decode(encoded)).map(value)).toEqual(texts);
      for (const [index, each] of encoded.entries()) {
        expect(Object.keys(each.metadata ?? {}).toSorted()).toEqual(['encoding', 'encryption-key-id']);
        const text = texts[index] ?? '';
        if (text.length > 8) expect(Buffer.from(each.data ?? []).includes(text)).toBe(false);
      }
    }),
    { numRuns: 50 },
  );
});

test('the same value is never encrypted to the same bytes', async () => {
  const [one, other] = await encryptionCodec([fresh]).encode([payload('same'), payload('same')]);
  expect(Buffer.from(one?.data ?? [])).not.toEqual(Buffer.from(other?.data ?? []));
});

test('after a rotation what the old key encrypted is still read, and the new one encrypts', async () => {
  const before = await encryptionCodec([old]).encode([payload('early')]);
  const rotated = encryptionCodec([fresh, old]);
  expect((await rotated.decode(before)).map(value)).toEqual(['early']);
  const [after] = await rotated.encode([payload('late')]);
  expect((await encryptionCodec([fresh]).decode([after as Payload])).map(value)).toEqual(['late']);
});

test('what was written before there was a key is read as it is; without a key nothing is encrypted', async () => {
  const plain = [payload('plain')];
  expect(await encryptionCodec([fresh]).decode(plain)).toEqual(plain);
  expect(await encryptionCodec([]).encode(plain)).toEqual(plain);
});

test('without its key a payload is refused by the key’s name, and may be read by another process', async () => {
  const encoded = await encryptionCodec([fresh]).encode([payload('secret')]);
  const type = { type: 'PayloadLocked', nonRetryable: false };
  const message = 'Expected FLYWHEEL_CODEC_KEYS to have the key "fresh", which a payload is encrypted with, got';
  await expect(encryptionCodec([]).decode(encoded)).rejects.toMatchObject({ message: `${message} none`, ...type });
  await expect(encryptionCodec([old]).decode(encoded)).rejects.toMatchObject({ message: `${message} old`, ...type });
});

test('another key of the same name, or a changed payload, is refused', async () => {
  const [encoded = {}] = await encryptionCodec([fresh]).encode([payload('secret')]);
  const refused = { message: expect.stringContaining('to be the one that a payload is encrypted with') };
  await expect(encryptionCodec([key('fresh')]).decode([encoded])).rejects.toMatchObject(refused);
  const data = Buffer.from(encoded.data ?? []);
  data[20] = (data[20] ?? 0) ^ 1;
  for (const changed of [data, data.subarray(0, 5)])
    await expect(encryptionCodec([fresh]).decode([{ ...encoded, data: changed }])).rejects.toMatchObject(refused);
});
