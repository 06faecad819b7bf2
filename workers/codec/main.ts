import { pino } from 'pino';
import { config, ConfigurationError } from '../../temporal.config.ts';
import { configuredCodec } from './converter.ts';
import { createCodecServer } from './server.ts';

/**
 * Runs the codec server until SIGTERM or SIGINT.
 * @param origins of the Web UI.
 * @throws ConfigurationError without keys, or where it would show payloads to whoever reaches this machine.
 */
export async function serveCodec(origins: readonly string[]): Promise<void> {
  const { host, port, token } = config.codecServer;
  const { codecKeys, namespace } = config.temporal;
  if (codecKeys === undefined) throw new ConfigurationError('Expected FLYWHEEL_CODEC_KEYS to have keys, got none');
  if (token === undefined && !['127.0.0.1', '::1', 'localhost'].includes(host))
    throw new ConfigurationError(`Expected FLYWHEEL_CODEC_TOKEN where FLYWHEEL_CODEC_HOST is ${host}, got none`);
  const logger = pino({ name: 'codec-server' });
  const app = createCodecServer({ codec: configuredCodec(), origins, namespace, token, logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      logger.info({ signal }, 'stopping');
      void app.close().finally(() => process.exit(0));
    });
  await app.listen({ host, port });
}
