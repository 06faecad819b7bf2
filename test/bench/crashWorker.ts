import { openWorld } from '../activities/inference/world.ts';

/**
 * Samples 20,000 answers into the store given, from the server given; killed on the way and started again by
 * `crash-cost`.
 */
const [root, url, concurrency] = process.argv.slice(2) as [string, string, string];
const world = await openWorld({ root, resolve: url, maxConcurrency: Number(concurrency) });
const result = await world.sample({ rows: await world.rows(200), samplesPerRow: 100, seed: 5 });
process.stdout.write(JSON.stringify(result.counts));
await world.close();
