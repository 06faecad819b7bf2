import { S3Store } from '../../../activities/store/s3/store.ts';

/** Writes a large artifact, and is killed when much of it has been sent: `uploadProcess.ts PLACE CACHE`. */
const [place = '', cache = ''] = process.argv.slice(2);
const store = new S3Store(JSON.parse(place), cache);
await store.write(
  'checkpoints/weights',
  (async function* () {
    for (let count = 0; count < 60; count += 1) yield Buffer.alloc(2 ** 20, 'w');
    process.kill(process.pid, 'SIGKILL');
  })(),
);
