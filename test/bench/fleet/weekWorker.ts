/**
 * The worker of a simulated week: real workflows and real reviews, and shards that answer at once. `node --import tsx
 * test/bench/fleet/weekWorker.ts ADDRESS STORE BUNDLE`. It says so when it is ready.
 */
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createNoticeActivities } from '../../../activities/notices/activities.ts';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import type { LabelShardInput, LabelShardResult } from '../../../activities/sets/labelShard.ts';
import type { SampleShardInput } from '../../../activities/sets/sampleShard.ts';
import type { CutInput } from '../../../activities/sets/shards.ts';
import type { ShardResult } from '../../../activities/sets/shard.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { createWorkers } from '../../workflows/sets/workers.ts';

const [address, root, bundle] = process.argv.slice(2);
if (!address || !root || !bundle) throw new Error('Expected ADDRESS, STORE and BUNDLE');
Runtime.install({ logger: new DefaultLogger('ERROR') });
const store = new FileStore(root);
const client = new Client({ connection: await Connection.connect({ address }) });

/** Counts as they are after weeks: their digits are part of a history's bytes. */
const answers = (rows: number, calls: number): ShardResult => ({
  rows,
  counts: { answered: calls, unparseable: 12, truncated: 34, failed: 0 },
  usage: { promptTokens: calls * 6_123, completionTokens: calls * 16_345, thinkingTokens: calls * 15_234 },
  requests: calls + 56,
  seconds: 12_345.678,
  verdicts: {
    verify: { asked: calls, unparseable: 123, truncated: 45, refused: 0, scores: 1_234.5 },
    metaVerify: { asked: calls, unparseable: 123, truncated: 45, refused: 0, scores: 1_234.5 },
  },
});

const workers = await createWorkers(
  { connection: await NativeConnection.connect({ address }), namespace: 'default' },
  {
    workflows: '',
    bundle,
    orchestrator: {
      ...createReviewActivities({
        store,
        desk: () => Promise.resolve(new TemporalDesk(client, store)),
        expertOf: () => undefined,
        pageOf: (workflowId) => `http://desk/questions/${encodeURIComponent(workflowId)}`,
      }),
      ...createNoticeActivities({ store, webhook: undefined, linkOf: () => undefined }),
    },
    inference: {
      planSet: async ({ rows, shardRows }: CutInput) => ({ shards: Math.ceil(rows.rows / shardRows) }),
      sampleShard: async ({ engine, samplesPerRow }: SampleShardInput) =>
        answers(engine.shardRows, engine.shardRows * samplesPerRow),
      labelShard: async ({ engine }: LabelShardInput): Promise<LabelShardResult> => ({
        ...answers(engine.shardRows, engine.shardRows * 115),
        labels: { auto: 380, contested: 110, unresolved: 10 },
        decisions: { uri: 'labels/main/lap-0001/label/verdicts/shard-0001.jsonl', sha256: 'a'.repeat(64), rows: 500 },
      }),
      collectLabels: async (setId: string) => ({
        uri: `datasets/${setId}.jsonl`,
        sha256: 'a'.repeat(64),
        rows: 17_327,
      }),
      setInWords: async () => undefined,
      stopSet: async () => undefined,
    },
  },
);
const running = workers.map((worker) => worker.run());
process.stdout.write('ready\n');
await Promise.all(running);
