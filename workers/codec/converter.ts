import path from 'node:path';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { config } from '../../temporal.config.ts';
import { encryptionCodec } from './encryption.ts';
import { codecKeysFrom } from './keys.ts';

/** The codec of this installation. @throws ConfigurationError for keys that cannot be. */
export function configuredCodec(): PayloadCodec {
  return encryptionCodec(codecKeysFrom(config.temporal.codecKeys));
}

/**
 * How every client and worker of ours writes and reads payloads. With keys, messages of failures are payloads, too: they
 * may hold a model's words.
 */
export function configuredConverter(): DataConverter {
  return {
    payloadCodecs: [configuredCodec()],
    ...(config.temporal.codecKeys !== undefined && {
      failureConverterPath: path.join(config.root, 'workers', 'codec', 'failureConverter.cjs'),
    }),
  };
}
