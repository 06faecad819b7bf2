import { createServer, type Server } from 'node:http';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../../activities/processes/ports.ts';
import { S3Store } from '../../../activities/store/s3/store.ts';
import { contract } from '../../activities/store/contract.ts';
import { journalContract } from '../../activities/store/journalContract.ts';
import { leaseContract } from '../../activities/store/leaseContract.ts';
import { BUCKET, S3Server } from './s3Server.ts';

let server: S3Server;
let number = 0;

beforeAll(async () => {
  server = await S3Server.start();
  Object.assign(process.env, server.environment);
});
afterAll(() => server?.kill());

const folder = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'flywheel-s3-cache-'));
const opened = async (prefix = `stores/${(number += 1)}`): Promise<S3Store> =>
  new S3Store({ bucket: BUCKET, prefix, endpoint: server.endpoint }, await folder());

describe('a store on S3', () => contract(opened));
describe('a journal on S3', () => journalContract(opened));
describe('a lease on S3', () => leaseContract(opened));

test('a journal that was removed before it was closed leaves nothing', async () => {
  const store = await opened();
  const file = await store.appendable('ledger/a.jsonl');
  for (const n of [1, 2, 3]) await file.append(Buffer.from(`${n}\n`), 'a kill');
  await store.remove('ledger/a.jsonl');
  await file.close();
  const keys: string[] = [];
  for await (const { key } of store.bucket.list(store.place.prefix)) keys.push(key);
  expect(keys).toEqual([`${store.place.prefix}/.flywheel/conditional-writes`]);
});

test('of fifty who write at once, each with a client of its own, one creates', async () => {
  const stores = await Promise.all(Array.from({ length: 50 }, () => opened('racing')));
  const made = await Promise.all(stores.map((store, n) => store.create('laps/main/lap-0001/owner', `${n}`)));
  expect(made.filter((each) => each === 'created')).toHaveLength(1);
  expect(await stores[0]?.readText('laps/main/lap-0001/owner')).toBe(`${made.indexOf('created')}`);
});

test('a bucket that is not there, a key that is not known, and a server that is away are told apart', async () => {
  const at = (place: object) =>
    new S3Store({ bucket: BUCKET, prefix: 'a', endpoint: server.endpoint, ...place }, '/none');
  await expect(at({ bucket: 'nobodys' }).stat('x')).rejects.toThrow(
    /^Expected the store s3:\/\/nobodys\/a .*NoSuchBucket/,
  );
  const away = at({ endpoint: `http://127.0.0.1:${await freePort()}` }).stat('x');
  await expect(away).rejects.toThrow(/^Expected the store .* to answer, got .*ECONNREFUSED/);
  await expect(away).rejects.toMatchObject({ name: 'StoreUnreachable' });
  process.env['AWS_ACCESS_KEY_ID'] = 'nobody';
  try {
    await expect(at({}).stat('x')).rejects.toThrow('correct AWS_ACCESS_KEY_ID');
  } finally {
    Object.assign(process.env, server.environment);
  }
});

test('a server that ignores conditions is refused before anything is created there', async () => {
  const written: string[] = [];
  const careless: Server = createServer(({ method, url = '' }, answer) => {
    if (method === 'PUT') written.push(url.replace(/\?.*/, ''));
    answer.writeHead(method === 'HEAD' ? 404 : 200, { etag: '"1"', 'content-type': 'application/xml' });
    answer.end(method === 'GET' ? '<ListBucketResult></ListBucketResult>' : '');
  });
  await new Promise<void>((resolve) => careless.listen(0, '127.0.0.1', resolve));
  const { port } = careless.address() as { port: number };
  const store = new S3Store({ bucket: BUCKET, prefix: '', endpoint: `http://127.0.0.1:${port}` }, await folder());
  await expect(store.create('a', '')).rejects.toThrow('to heed conditions (If-None-Match: *), but it wrote an object');
  expect(new Set(written)).toEqual(new Set([`/${BUCKET}/.flywheel/conditional-writes`]));
  careless.closeAllConnections();
  careless.close();
});
