/** Prompt tokens, and of them those that were in a server's cache; and who says so. */
export interface CacheCounters {
  readonly prompt: number;
  readonly cached: number;
  readonly by: string;
}

/**
 * Counters of a server's prefix cache, in tokens, since it was started: vLLM's by its names of now and of before, and
 * SGLang's (`--enable-metrics`). `_total` is what Prometheus adds to a counter's name.
 */
const COUNTERS = [
  ['vllm:prefix_cache_queries', 'vllm:prefix_cache_hits'],
  ['vllm:gpu_prefix_cache_queries', 'vllm:gpu_prefix_cache_hits'],
  ['sglang:prompt_tokens', 'sglang:cached_tokens'],
] as const;

/** Undefined where the server has none. */
export async function cacheCounters(endpoint: string): Promise<CacheCounters | undefined> {
  const reply = await fetch(`${endpoint.replace(/\/(v1\/?)?$/, '')}/metrics`).catch(() => undefined);
  return reply?.ok === true ? countersIn(await reply.text()) : undefined;
}

/** @param text as Prometheus reads it. */
export function countersIn(text: string): CacheCounters | undefined {
  for (const [prompt, cached] of COUNTERS) {
    const [all, hits] = [sumOf(text, prompt), sumOf(text, cached)];
    if (all !== undefined && hits !== undefined) return { prompt: all, cached: hits, by: `${prompt}, ${cached}` };
  }
  return undefined;
}

/** Over all labels. */
function sumOf(text: string, name: string): number | undefined {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(name) && /^(_total)?[{ ]/.test(line.slice(name.length)))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}
