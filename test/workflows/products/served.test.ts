import type { EnsureServedInput } from '../../../activities/serving/activities.ts';
import type { AskedModel } from '../../../shared/products/models.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { startInferenceWorld, type InferenceWorld } from '../sets/inferenceWorld.ts';
import type { asks } from './servedWorkflow.ts';

let world: InferenceWorld;
let told: string[];

beforeAll(async () => {
  world = await startInferenceWorld('test/workflows/products/servedWorkflow.ts', () => ({
    ensureServed: async ({ holder, engine, models }: EnsureServedInput) =>
      void told.push(`${holder} holds ${models.map(({ role }) => role).join(', ')} of ${engine}`),
    releaseServed: async ({ holder }: { holder: string }) => void told.push(`${holder} lets go`),
  }));
});
afterAll(() => world.stop());
beforeEach(() => {
  told = [];
});

const ofLap = (role: 'generator' | 'verifier', sha256: string): AskedModel => ({
  ref: { role, checkpoint: { uri: `checkpoints/${sha256}`, sha256 } },
  name: `main/lap-0001 ${role}`,
});
const ofEndpoint: AskedModel = {
  ref: { role: 'verifier', endpoint: 'http://127.0.0.1:1/v1', name: 'm', revision: '1' },
  name: 'm',
};

const asked = (workflowId: string, input: Parameters<typeof asks>[0]) =>
  world.env.client.workflow.execute<typeof asks>('asks', { taskQueue: QUEUES.orchestrator, workflowId, args: [input] });

test("models of a lap are held over all runs of a product's workflow, and let go once, at its end", async () => {
  const models = [ofLap('generator', 'a'), ofLap('verifier', 'b')];
  expect(await asked('two-runs', { models, runs: 2, fails: false })).toBe('asked');
  const holds = 'solve/it holds generator, verifier of batcher';
  expect(told).toEqual([holds, holds, 'solve/it lets go']);
});

test('they are let go, too, where the product fails', async () => {
  await expect(asked('fails', { models: [ofLap('generator', 'a')], runs: 1, fails: true })).rejects.toThrow();
  expect(told).toEqual(['solve/it holds generator of batcher', 'solve/it lets go']);
});

test('one model in two roles is held once; models that others serve are not', async () => {
  const models = [ofLap('generator', 'a'), ofLap('verifier', 'a'), ofEndpoint];
  await asked('mixed', { models, runs: 1, fails: false });
  expect(told).toEqual(['solve/it holds verifier of batcher', 'solve/it lets go']);
  told = [];
  await asked('others', { models: [ofEndpoint], runs: 1, fails: false });
  expect(told).toEqual([]);
});
