import type { StubOptions } from '../../stub-server/options.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { countersIn } from '../../bench/cacheCounters.ts';
import { openWorld, type World } from './world.ts';

jest.setTimeout(60_000);

const [ROWS, N] = [12, 8];

let stub: Stub;
let world: World;

async function open(options: Partial<StubOptions>, sharesAtOnce = false) {
  stub = await startStub({ medianMs: 300, sigma: 0.3, prefill: 100_000, cacheBlocks: 4_000, ...options });
  world = await openWorld({
    resolve: async () => [{ baseUrl: stub.url, model: 'm', maxConcurrency: 32, sharesAtOnce }],
  });
}
afterEach(async () => {
  await world.close();
  await stub.kill();
});

const proof = (row: number) => `Proof ${row}. ${`Step ${row} is clear. `.repeat(150)}`;

/** Share of prompt tokens that the server had. */
async function cachedOf(more: { readonly task?: 'verify' } = {}): Promise<number> {
  const { usage, counts } = await world.sample({ rows: await world.rows(ROWS, proof), samplesPerRow: N, ...more });
  expect(counts.answered).toBe(ROWS * N);
  expect((await stub.stats()).cache.hits).toBe(usage.cachedPromptTokens ?? 0);
  return (usage.cachedPromptTokens ?? 0) / usage.promptTokens;
}

test('the samples of a row find their prompt in the server’s cache, all but the first', async () => {
  await open({});
  expect(await cachedOf()).toBeGreaterThan(0.85);
});

test('a server that says nothing before an answer is whole is not waited for, and gives all answers', async () => {
  await open({ prefill: 0 });
  expect(await cachedOf()).toBeGreaterThan(0.3);
});

test('a server whose calls share what comes at once is asked at once', async () => {
  await open({}, true);
  expect(await cachedOf()).toBeLessThan(0.85);
});

test('the analyses of a label set’s wave go out so, too', async () => {
  await open({ issues: 0 });
  const policy = {
    analysesPerProof: N,
    metaAnalysesPerAnalysis: 2,
    minValidAnalyses: 1,
    confirmingMetaScore: 1,
  } as const;
  const { usage } = await world.label({ proofs: await world.rows(ROWS, proof), policy, earlyStop: false });
  expect((usage.cachedPromptTokens ?? 0) / usage.promptTokens).toBeGreaterThan(0.8);
});

test('counters of a cache are read by the names that engines have for them', () => {
  const text = (name: string) =>
    `# HELP ${name} x\n${name}_total{engine="0",model_name="a b"} 100.0\n${name}_total{engine="1",model_name="a b"} 1e2\n`;
  const both = (prompt: string, cached: string) => countersIn(text(prompt) + text(cached).replaceAll('1e2', '50.0'));
  expect(both('vllm:prefix_cache_queries', 'vllm:prefix_cache_hits')).toMatchObject({ prompt: 200, cached: 150 });
  expect(both('vllm:gpu_prefix_cache_queries', 'vllm:gpu_prefix_cache_hits')).toMatchObject({ cached: 150 });
  expect(both('sglang:prompt_tokens', 'sglang:cached_tokens')).toMatchObject({ prompt: 200, cached: 150 });
  expect(both('vllm:prompt_tokens', 'vllm:generation_tokens')).toBeUndefined();
});
