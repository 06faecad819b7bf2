import { setTimeout as sleep } from 'node:timers/promises';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { startStub } from '../stub-server/start.ts';
import { fuzzedOutcomesAreAsMade } from '../activities/inference/fuzz.ts';
import { openWorld, type World } from '../activities/inference/world.ts';

test('of 10,000 fuzzed replies each comes to what it was made to be', () => fuzzedOutcomesAreAsMade(10_000));

/** The rates of the faults that servers in the field show. */
const FAULTS = {
  refused: 0.01,
  empty: 0.01,
  unparseable: 0.05,
  stragglers: 0.01,
  huge: 0.001,
  invalidUtf8: 0.005,
  boxOfSeven: 0.01,
  cut: 0.01,
};
const CONCURRENCY = 64;

test(
  'a server that is gone for a full minute in the middle of a labelling costs what was in flight, and changes no ' +
    'label',
  async () => {
    const options = { ...FAULTS, medianMs: 60, sigma: 0.8 };
    const stub = await startStub(options);
    const undisturbed = await openWorld({ resolve: stub.url, maxConcurrency: CONCURRENCY });
    const world = await openWorld({ resolve: stub.url, maxConcurrency: CONCURRENCY });
    const proofs = 300;
    const expected = await undisturbed.label({ proofs: await undisturbed.rows(proofs) });
    const before = await stub.stats();

    const began = Date.now();
    const labelling = world.label({ proofs: await world.rows(proofs) });
    while ((await stub.stats()).answered - before.answered < 0.4 * before.answered) await sleep(20);
    const atKill = await stub.stats();
    await stub.kill();
    await sleep(60_000);
    const again = await startStub({ ...options, port: stub.port });
    const result = await labelling;

    expect(Date.now() - began).toBeGreaterThan(60_000);
    expect(await labelsOf(world, result)).toEqual(await labelsOf(undisturbed, expected));
    expect(result.counts).toEqual(expected.counts);
    const after = await again.stats();
    // What is cut or refused is sent again, after a short question where nothing else is answered.
    const more = ({ counts: { cut = 0, refused = 0 } }: Awaited<ReturnType<typeof again.stats>>) => cut + 2 * refused;
    const outcomes = Object.values(result.counts).reduce((sum, count) => sum + count, 0);
    // Asked twice: what was in flight, and what the second server cut.
    expect(atKill.requests - before.requests + after.requests).toBeLessThanOrEqual(
      outcomes + CONCURRENCY + more(after) + more(atKill) - more(before),
    );
    await again.kill();
    await Promise.all([world.close(), undisturbed.close()]);
  },
);

async function labelsOf({ store }: World, { decisions }: Awaited<ReturnType<World['label']>>): Promise<unknown[]> {
  return (await store.readRows<LabelRow>(decisions)).map(({ proofId, decision, analyses, metaAnalyses }) => [
    proofId,
    decision,
    analyses,
    metaAnalyses,
  ]);
}
