import { startFuzzServer } from './fuzzServer.ts';
import { openWorld } from './world.ts';

/**
 * Asks for `calls` answers of a server whose every reply is odd, and compares each outcome with what its reply was made
 * to be.
 */
export async function fuzzedOutcomesAreAsMade(calls: number): Promise<void> {
  const server = await startFuzzServer();
  const world = await openWorld({ resolve: server.url });
  try {
    const { counts } = await world.sample({ rows: await world.rows(calls / 20), samplesPerRow: 20 });
    const outcomes = await world.outcomes();
    expect(outcomes.length).toBe(calls);
    expect(new Set(outcomes.map(({ seed }) => seed)).size).toBe(server.expected.size);
    for (const { seed, kind, score, reason, text } of outcomes) {
      const { kind: made, ...rest } = server.expected.get(seed) as { kind: string; score?: number };
      if (kind !== made || score !== rest.score)
        throw new Error(
          `Expected ${made} ${rest.score}, got ${kind} ${score}: ${reason} ${JSON.stringify(text?.slice(0, 500))}`,
        );
    }
    expect(counts.answered + counts.unparseable + counts.truncated + counts.failed).toBe(calls);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(calls / 20);
  } finally {
    await world.close();
    await server.close();
  }
}
