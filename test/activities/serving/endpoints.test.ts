import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  configuredEndpoints,
  importEndpoints,
  priceOf,
  registerEndpoint,
  settingsOf,
} from '../../../activities/serving/endpoints.ts';
import { external } from '../../../activities/serving/external.ts';
import { MODEL } from './fixture.ts';

let folder: string;
let kept: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-endpoints-'));
  kept = path.join(folder, 'endpoints.json');
});
afterEach(() => rm(folder, { recursive: true }));

async function bring(text: string) {
  const file = path.join(folder, 'mine.jsonc');
  await writeFile(file, text);
  return importEndpoints(file, kept);
}
const changes = async (text: string) =>
  (await bring(text)).changes.map(({ baseUrl, change, fields }) => [baseUrl, change, ...fields]);

test('a file of endpoints is taken in, comments and all; one of an address that is there takes its place', async () => {
  expect(
    await changes(`[
      // The first machine.
      { "baseUrl": "http://one:8000/v1", "apiKeyEnv": "ONE_KEY" },
      { "baseUrl": "http://two:8000", },
    ]`),
  ).toEqual([
    ['http://one:8000/v1', 'added'],
    ['http://two:8000', 'added'],
  ]);
  const before = await readFile(kept, 'utf8');
  expect(await changes('[{"baseUrl":"http://two:8000"}]')).toEqual([['http://two:8000', 'as before']]);
  expect(await readFile(kept, 'utf8')).toBe(before);
  expect(await changes('\ufeff[{"baseUrl":"http://one:8000","maxConcurrency":8}]')).toEqual([
    ['http://one:8000', 'changed', 'baseUrl', 'apiKeyEnv', 'maxConcurrency'],
  ]);
  expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual([
    { baseUrl: 'http://one:8000', maxConcurrency: 8 },
    { baseUrl: 'http://two:8000' },
  ]);
});

test('several who import at once lose nothing', async () => {
  const files = await Promise.all(
    Array.from({ length: 6 }, async (_, at) => {
      const file = path.join(folder, `${at}.json`);
      await writeFile(file, JSON.stringify([{ baseUrl: `http://gpu-${at}` }]));
      return file;
    }),
  );
  await Promise.all(files.map((file) => importEndpoints(file, kept)));
  expect(JSON.parse(await readFile(kept, 'utf8'))).toHaveLength(6);
});

test('what a command says of one endpoint is kept beside what was known of it, and the engine asks it so', async () => {
  await bring('[{"baseUrl":"http://one:8000/v1","maxConcurrency":8},{"baseUrl":"http://two:8000"}]');
  const { changes } = await registerEndpoint({ baseUrl: 'http://one:8000', apiKeyEnv: 'ONE_KEY' }, kept);
  expect(changes).toEqual([expect.objectContaining({ change: 'changed', fields: ['baseUrl', 'apiKeyEnv'] })]);
  expect(JSON.parse(await readFile(kept, 'utf8'))).toEqual([
    { baseUrl: 'http://one:8000', maxConcurrency: 8, apiKeyEnv: 'ONE_KEY' },
    { baseUrl: 'http://two:8000' },
  ]);
  const engine = external({ endpoints: undefined, endpointsFile: kept, env: { ONE_KEY: 'k' } });
  const asked = { role: 'generator', name: 'm', revision: '1' } as const;
  // However its address is written.
  for (const endpoint of ['http://one:8000', 'http://one:8000/v1', 'http://one:8000/v1/'])
    expect(await engine.ensure({ ...asked, endpoint })).toEqual([
      { baseUrl: endpoint, model: 'm', maxConcurrency: 8, apiKey: 'k' },
    ]);
  await expect(registerEndpoint({ baseUrl: 'http://one:8000', apiKeyEnv: 'sk-secret' }, kept)).rejects.toThrow(
    /apiKeyEnv: expected the name of an environment variable/,
  );
});

test('the engine finds them at once, and FLYWHEEL_ENDPOINTS wins over them', async () => {
  const engine = external({ endpoints: undefined, endpointsFile: kept, env: {} });
  await expect(engine.ensure(MODEL)).rejects.toMatchObject({
    type: 'EngineNotConfigured',
    message: expect.stringMatching(
      /FLYWHEEL_ENDPOINTS to be set or endpoints to be imported.*import endpoints FILE/,
    ) as string,
  });
  await bring('[{"baseUrl":"http://one"}]');
  expect(await engine.ensure(MODEL)).toMatchObject([{ baseUrl: 'http://one' }]);
  await bring('[{"baseUrl":"http://two"}]');
  expect(await engine.ensure(MODEL)).toHaveLength(2);
  const endpoints = '[{"baseUrl":"http://set"}]';
  expect(await external({ endpoints, endpointsFile: kept, env: {} }).ensure(MODEL)).toMatchObject([
    { baseUrl: 'http://set' },
  ]);
  expect(await configuredEndpoints({ endpoints, endpointsFile: kept })).toMatchObject({ from: 'FLYWHEEL_ENDPOINTS' });
  expect(await configuredEndpoints({ endpoints: undefined, endpointsFile: kept })).toMatchObject({ from: kept });
  await writeFile(kept, '[{"baseUrl":"gpu"}]');
  await expect(engine.ensure(MODEL)).rejects.toMatchObject({
    type: 'EngineNotConfigured',
    message: expect.stringContaining(`${kept}[0].baseUrl`) as string,
  });
});

test('what a recipe’s own file brought goes with what it has no more; what others brought stays', async () => {
  const own = path.join(folder, 'own.json');
  await bring('[{"baseUrl":"http://others"}]');
  for (const address of ['http://misspelt', 'http://right']) {
    await writeFile(own, JSON.stringify([{ baseUrl: address }]));
    await importEndpoints(own, kept, { replaces: true });
  }
  const { endpoints } = (await configuredEndpoints({ endpoints: undefined, endpointsFile: kept }))!;
  expect(endpoints.map(({ baseUrl }) => baseUrl)).toEqual(['http://others', 'http://right']);
});

const KEY = 'sk-verysecret';
test.each([
  ['no JSON', `[{"baseUrl": "http://one" "apiKeyEnv": "${KEY}"}]`, /mine\.jsonc line 1: expected JSON.*CommaExpected/],
  ['an object', `{"baseUrl":"http://one","apiKey":"${KEY}"}`, 'expected array, received object, got an object'],
  ['none', '[]', '>=1 items'],
  [
    'an address twice',
    '[{"baseUrl":"http://one"},{"baseUrl":"http://one/v1/"}]',
    'each address once, got http://one/v1/',
  ],
  ['a bad address with models', `[{"baseUrl":"one","models":{"${'a'.repeat(64)}":"x"}}]`, '[0].baseUrl'],
  ['a misspelt field', '[{"baseUrl":"http://one","model":{}}]', '[0].model: no such field'],
  ['a key', `[{"baseUrl":"http://one","apiKey":"${KEY}"}]`, '[0].apiKey: no such field: apiKeyEnv names the'],
  ['a key for a variable', `[{"baseUrl":"http://one","apiKeyEnv":"${KEY}"}]`, 'maybe the key itself: put the key'],
  [
    'a key in the address',
    `[{"baseUrl":"http://me:${KEY}@one"}]`,
    'expected an address without a name, password or key',
  ],
  ['a key in the query', `[{"baseUrl":"http://one?api_key=${KEY}"}]`, 'expected an address without a name, password'],
])('%s is refused by name, without showing a key, and nothing is taken in', async (_, text, message) => {
  const told = await bring(text).catch((error: Error) => error.message);
  expect(told).toMatch(message);
  expect(told).not.toContain(KEY);
  expect(existsSync(kept)).toBe(false);
});

test('what does not go with those that are kept is refused, and those stay', async () => {
  const served = (digit: string) => JSON.stringify({ [digit.repeat(64)]: 'prover' });
  await bring(`[{"baseUrl":"http://one/v1/chat/completions","models":${served('a')}}]`);
  const before = await readFile(kept, 'utf8');
  await expect(bring('[{"baseUrl":"http://two","answersAs":[""]}]')).rejects.toThrow('answersAs[0]');
  await expect(importEndpoints(path.join(folder, 'none.json'), kept)).rejects.toThrow('none.json, which is not there');
  expect(await readFile(kept, 'utf8')).toBe(before);
});

describe('prices and limits of an endpoint', () => {
  const price = { perMillionPromptTokens: 0.5, perMillionCompletionTokens: 2 };
  const cheap = { ...price, perMillionCachedPromptTokens: 0.05 };
  const LIMITS = { requestsPerMinute: 600, tokensPerMinute: 1e6, counts: 'used' };

  test('are found however its address is written, the model having one of its own or not', async () => {
    await bring(JSON.stringify([{ baseUrl: 'http://hosted/v1', price, prices: { cheap }, limits: LIMITS }]));
    const known = await configuredEndpoints({ endpoints: undefined, endpointsFile: kept });
    const settings = settingsOf(known?.endpoints, 'http://hosted');
    expect([priceOf(settings, 'cheap'), priceOf(settings, 'dear')]).toEqual([cheap, price]);
    expect(priceOf(settingsOf(known?.endpoints, 'http://another'), 'cheap')).toBeUndefined();
    const engine = external({ endpoints: undefined, endpointsFile: kept, env: {} });
    const model = { role: 'verifier', name: 'cheap', revision: '1', endpoint: 'http://hosted' } as const;
    expect(await engine.ensure(model)).toMatchObject([{ baseUrl: 'http://hosted', model: 'cheap', limits: LIMITS }]);
  });

  test.each([
    [{ price: { perMillionPromptTokens: 1 } }, 'price.perMillionCompletionTokens'],
    [{ price: { ...price, perMillionPromptTokens: -1 } }, 'price.perMillionPromptTokens'],
    [{ limits: { requestsPerMinute: 0 } }, 'limits.requestsPerMinute'],
    [{ limits: { counts: 'guessed' } }, 'limits.counts'],
  ])('%j is refused by the field', async (fields, name) => {
    await expect(bring(JSON.stringify([{ baseUrl: 'http://hosted', ...fields }]))).rejects.toThrow(name);
  });
});
