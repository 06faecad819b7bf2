import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Store } from '../../../activities/store/s3/store.ts';
import { BUCKET, S3Server } from '../store/s3Server.ts';
import { answersThroughAKill, bundledServer } from './realPool.ts';

test('with its store on S3 a pool lives through the kill of a replica and of the S3 server at the same time', async () => {
  const server = await S3Server.start();
  // Replicas are told as any process of a node is.
  Object.assign(process.env, server.environment, { AWS_ENDPOINT_URL_S3: server.endpoint });
  const store = new S3Store(
    { bucket: BUCKET, prefix: 'pools', endpoint: server.endpoint },
    path.join(server.folder, 'cache'),
  );
  const engine = await bundledServer();
  try {
    const came = await answersThroughAKill({
      ...engine,
      store,
      async meanwhile() {
        await server.kill();
        await sleep(10_000);
        await server.up();
      },
    });
    expect(came).toMatchObject({
      outcomes: came.calls,
      failed: [],
      names: [engine.digest],
      ready: 2,
      left: 0,
      probed: true,
    });
  } finally {
    await server.kill();
    await rm(server.folder, { recursive: true, force: true });
  }
});
