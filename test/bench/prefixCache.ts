import { Pool } from 'undici';
import type { Outcome } from '../../shared/outcomes.ts';
import type { DatasetRef } from '../../shared/records.ts';
import { openPromptSet, promptSetNamed } from '../../activities/store/promptSets.ts';
import { readOutcomes } from '../../activities/sets/outcomes.ts';
import { startStub } from '../stub-server/start.ts';
import { openWorld, type World } from '../activities/inference/world.ts';
import type { Bench } from './bench.ts';
import { cacheCounters, type CacheCounters } from './cacheCounters.ts';

const [ROWS, N] = [48, 16];
const CONCURRENCY = 64;
/** Shards under way at once, as a set has them. */
const SHARDS = 4;
/** Characters of a proof: about 1,700 tokens of prompt. */
const PROOF = 6_000;
/**
 * A server that reads 40,000 tokens a second and answers in some seconds. Its cache has room for what is under way and
 * for a third of the proofs, so that who comes back to a proof late finds nothing.
 */
const SERVER = { medianMs: 2_000, sigma: 0.6, prefill: 40_000, cacheBlocks: 3_000 };
/** Of a real server, which takes longer. */
const ROWS_THERE = 12;

/** The n analyses of each proof, as a set asks for them; beside them a loop that asks in their order. */
export const prefixCache: Bench = {
  name: 'prefix-cache',
  about: `share of prompt tokens from the server's cache over ${N} analyses of each proof, the first included`,
  goal: '>= 0.9',
  met: (value) => value >= 0.9,
  takes: ['endpoint'],
  async run({ endpoint }) {
    const stub = endpoint === undefined ? await startStub(SERVER) : undefined;
    const url = endpoint ?? stub?.url ?? '';
    const model = endpoint === undefined ? 'stub' : await firstModel(endpoint);
    const world = await openWorld({ resolve: async () => [{ baseUrl: url, model, maxConcurrency: CONCURRENCY }] });
    try {
      const shards = await shardsOf(world, endpoint === undefined ? ROWS : ROWS_THERE);
      const before = await cacheCounters(url);
      const began = performance.now();
      const engine = { engine: 'external', shardRows: ROWS, window: 1, maxConcurrency: CONCURRENCY };
      const asked = { samplesPerRow: N, engine };
      await Promise.all(shards.map((rows, shard) => world.sample({ ...asked, rows, setId: `set-${shard}` })));
      const wallMs = performance.now() - began;
      const counted = difference(before, await cacheCounters(url));
      const told = await toldIn(world);
      const { cached, prompt, by } = told.cached > 0 || counted === undefined ? told : counted;
      if (by === 'usage' && cached === 0 && endpoint !== undefined)
        throw new Error(
          `Expected ${endpoint} to say how much of a prompt was in its cache, by usage.prompt_tokens_details of its ` +
            'replies or by counters at /metrics, got neither, or it has no cache: nothing can be measured there',
        );
      return {
        value: cached / prompt,
        detail: {
          proofs: shards.reduce((sum, { rows }) => sum + rows, 0),
          n: N,
          concurrency: CONCURRENCY,
          promptTokens: prompt,
          cachedPromptTokens: cached,
          countedBy: by,
          limitOfOwnPrompts: `${N - 1}/${N} = ${(N - 1) / N}; what all proofs' prompts begin with comes on top`,
          wallMs: Math.round(wallMs),
          ...(stub === undefined
            ? { server: endpoint, model }
            : {
                ...(await askedInOrder(world)),
                blocks: `${SERVER.cacheBlocks} of 16 tokens, LRU`,
                cache: (await stub.stats()).cache,
                server: (await stub.stats()).self,
              }),
        },
      };
    } finally {
      await world.close();
      await stub?.kill();
    }
  },
};

/** A proof of its own for each row, unlike others from its first words. */
export const proofOf = (row: number): string =>
  `Proof ${row}. ${`Step ${row} follows from the one before it. `.repeat(200)}`.slice(0, PROOF);

/** The same requests at a server like it, whenever one of the calls at once has ended the next one of the list. */
async function askedInOrder(world: World) {
  const stub = await startStub(SERVER);
  const pool = new Pool(stub.url, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const prompts = await openPromptSet(world.store, await promptSetNamed(world.store, 'paper'));
  const seeds: number[] = [];
  for await (const { seed } of outcomesOf(world)) seeds.push(seed);
  const messages = Array.from({ length: ROWS }, (_, row) =>
    JSON.stringify(prompts.render('verify', { problem: `Show claim ${row}.`, proof: proofOf(row) })),
  );
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < seeds.length) {
      const call = next;
      next += 1;
      const body = `{"model":"stub","messages":${messages[Math.floor(call / N)]},"max_tokens":1024,"seed":${seeds[call]}}`;
      const headers = { 'content-type': 'application/json' };
      const reply = await pool.request({ method: 'POST', path: '/v1/chat/completions', headers, body });
      await reply.body.dump();
    }
  };
  try {
    const began = performance.now();
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    const wallMs = performance.now() - began;
    const { hits, queried } = (await stub.stats()).cache;
    return { askedInOrder: { value: Math.round((hits / queried) * 10_000) / 10_000, wallMs: Math.round(wallMs) } };
  } finally {
    await pool.destroy();
    await stub.kill();
  }
}

/** The same number of rows for each shard. */
async function shardsOf(world: World, rows: number): Promise<DatasetRef[]> {
  const all = await world.store.readRows<object>(await world.rows(rows, proofOf));
  const each = Math.ceil(rows / SHARDS);
  return Promise.all(
    Array.from({ length: SHARDS }, (_, shard) =>
      world.store.writeJsonl(`datasets/shard-${shard}.jsonl`, all.slice(shard * each, (shard + 1) * each)),
    ),
  );
}

async function* outcomesOf(world: World): AsyncGenerator<Outcome> {
  for (let shard = 0; shard < SHARDS; shard += 1) yield* readOutcomes(world.store, `set-${shard}`);
}

async function toldIn(world: World): Promise<CacheCounters> {
  let [cached, prompt] = [0, 0];
  for await (const { usage } of outcomesOf(world)) {
    prompt += usage?.promptTokens ?? 0;
    cached += usage?.cachedPromptTokens ?? 0;
  }
  return { cached, prompt, by: 'usage' };
}

function difference(before: CacheCounters | undefined, after: CacheCounters | undefined): CacheCounters | undefined {
  if (before === undefined || after === undefined) return undefined;
  return { ...after, cached: after.cached - before.cached, prompt: after.prompt - before.prompt };
}

async function firstModel(endpoint: string): Promise<string> {
  const base = endpoint.replace(/\/(v1\/?)?$/, '');
  const listed = (await (await fetch(`${base}/v1/models`)).json()) as {
    readonly data?: readonly { readonly id: string }[];
  };
  const [first] = listed.data ?? [];
  if (first !== undefined) return first.id;
  throw new Error(`Expected ${base}/v1/models to list a model, got none: a request has to name one`);
}
