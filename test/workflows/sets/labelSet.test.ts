import { rootCause } from '@temporalio/common';
import type { WorkflowFailedError } from '@temporalio/client';
import { modelKey } from '../../../shared/records.ts';
import type { LabelRow, LabelSetInput } from '../../../shared/sampling/sets.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { labelSet } from '../../../workflows/sets/labelSet.ts';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { MODEL } from '../../activities/inference/world.ts';
import { inferenceActivities, startInferenceWorld, type InferenceWorld } from './inferenceWorld.ts';

jest.setTimeout(60_000);

let stub: Stub;
let world: InferenceWorld;

beforeAll(async () => {
  stub = await startStub({ medianMs: 5, sigma: 0.5 });
  world = await startInferenceWorld(
    'workflows/sets/labelSet.ts',
    inferenceActivities(async (model) => [{ baseUrl: stub.url, model: modelKey(model), maxConcurrency: 128 }]),
  );
});
afterAll(async () => {
  await world.stop();
  await stub.kill();
});

const SAMPLING = { temperature: 1, topP: 1, maxTokens: 64 };

async function inputOf(setId: string, proofs: number, seed: number): Promise<LabelSetInput> {
  return {
    setId,
    proofs: await world.rows(proofs),
    verifier: MODEL,
    metaVerifier: { ...MODEL, role: 'metaVerifier' },
    prompts: world.prompts,
    policy: { analysesPerProof: 8, metaAnalysesPerAnalysis: 4, minValidAnalyses: 2, confirmingMetaScore: 1 },
    waves: [4, 4],
    earlyStop: true,
    verdictAttempts: 3,
    sampling: { verify: SAMPLING, metaVerify: SAMPLING },
    seed,
    engine: { engine: 'external', shardRows: 30, window: 2, maxConcurrency: 128 },
  };
}

test(
  'a set is labelled in shards, the rows come in the order of the proofs, and every call is on the ledger ' + 'once',
  async () => {
    const input = await inputOf('main/lap-0001/label/verdicts', 100, 3);
    const result = await world.env.client.workflow.execute<typeof labelSet>('labelSet', {
      taskQueue: QUEUES.orchestrator,
      workflowId: input.setId,
      args: [input],
    });
    expect(result.shards).toBe(4);
    expect(result.labels.total).toBe(100);
    expect(result.labels.auto + result.labels.contested + result.labels.unresolved).toBe(100);
    expect(result.labels.unresolved).toBe(0);
    const rows = await world.store.readRows<LabelRow>(result.decisions);
    expect(rows.map(({ proofId }) => proofId)).toEqual(Array.from({ length: 100 }, (_, row) => `r${row}`));
    let outcomes = 0;
    for await (const _ of readOutcomes(world.store, input.setId)) outcomes += 1;
    expect(outcomes).toBe(rows.reduce((sum, { analyses, metaAnalyses }) => sum + analyses + metaAnalyses, 0));
    expect((await stub.stats()).requests).toBe(outcomes);
    expect(result.counts.answered).toBe(outcomes);
  },
);

test('cancelling ends the calls under way and keeps what was paid for', async () => {
  await stub.change({ medianMs: 300 });
  const before = await stub.stats();
  const input = await inputOf('cancelled', 100, 4);
  const handle = await world.env.client.workflow.start<typeof labelSet>('labelSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: 'cancelled',
    args: [input],
  });
  await until(async () => (await stub.stats()).answered > before.answered + 200);
  await handle.cancel();
  await until(async () => (await stub.stats()).open === 0);
  await expect(handle.result()).rejects.toThrow(/cancel/i);
  await stub.change({ medianMs: 5 });
  const { requests, repeated } = await stub.stats();
  const again = await world.env.client.workflow.execute<typeof labelSet>('labelSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: 'cancelled',
    args: [input],
  });
  const after = await stub.stats();
  // Both shards under way stop in the same moment: only what was in flight then is asked again.
  const inFlight = 128;
  expect(after.repeated - repeated).toBeLessThanOrEqual(inFlight);
  expect(after.requests - requests).toBeLessThanOrEqual(again.counts.answered - 200 + inFlight);
  expect(again.rows).toBe(100);
});

test('a set whose judge lost more verdicts than is allowed fails at its end, and says what to do', async () => {
  await stub.change({ issues: 1, criticalLost: 0.4 });
  const setId = 'main/lap-0001/label/lossy';
  const input = { ...(await inputOf(setId, 4, 5)), maxLossShare: 0.05 };
  const labelled = world.env.client.workflow.execute<typeof labelSet>('labelSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [input],
  });
  const error = await labelled.catch((failed: WorkflowFailedError) => rootCause(failed.cause));
  expect(error).toMatch(/the verifier of main\/lap-0001\/label\/lossy to lose at most 5 % .*`flywheel ledger show/);
  await stub.change({ issues: 0.4, criticalLost: 0 });
});

test('a set whose server is gone waits for it, says so, and labels every proof when it is back', async () => {
  const { port } = stub;
  await stub.kill();
  const input = await inputOf('main/lap-0001/label/outage', 3, 6);
  const start = { taskQueue: QUEUES.orchestrator, workflowId: input.setId, args: [input] as [LabelSetInput] };
  const handle = await world.env.client.workflow.start<typeof labelSet>('labelSet', start);
  const waiting = async () => {
    const { raw } = await handle.describe();
    const [beat] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? [];
    return (
      beat !== undefined &&
      Buffer.from(beat.data ?? [])
        .toString('utf8')
        .includes('"waitingForServers"')
    );
  };
  await until(waiting);
  stub = await startStub({ port, medianMs: 5, sigma: 0.5 });
  const { counts, labels } = await handle.result();
  expect(counts.failed).toBe(0);
  expect(labels.auto + labels.contested).toBe(3);
});

test('a set that waits for its servers ends when it is cancelled, and what was answered stays', async () => {
  const { port } = stub;
  await stub.kill();
  const input = await inputOf('main/lap-0001/label/cancelled-outage', 3, 7);
  const start = { taskQueue: QUEUES.orchestrator, workflowId: input.setId, args: [input] as [LabelSetInput] };
  const handle = await world.env.client.workflow.start<typeof labelSet>('labelSet', start);
  const ledger = 'ledger/main/lap-0001/label/cancelled-outage/shard-0000.jsonl';
  await until(() => world.store.exists(ledger));
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow(/cancel/i);
  expect(await world.store.exists(ledger)).toBe(true);
  stub = await startStub({ port, medianMs: 5, sigma: 0.5 });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
