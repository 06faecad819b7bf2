import type { WorkflowFailedError } from '@temporalio/client';
import { createDatasetActivities } from '../../../activities/datasets/activities.ts';
import { workedExamples } from '../../../activities/store/workedExamples.ts';
import { domains } from '../../../domains/index.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import { ordersOf, PHASES } from '../../../shared/lap/phases.ts';
import { sizesOf } from '../../../shared/lap/sizes.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { modelKey, WORKED_EXAMPLES } from '../../../shared/records.ts';
import type { formatCheck } from '../../../workflows/lap/formatCheck.ts';
import { MODEL } from '../../activities/inference/world.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { inferenceActivities, startInferenceWorld, type InferenceWorld } from '../sets/inferenceWorld.ts';

jest.setTimeout(120_000);

const recipe = {
  ...smoke,
  formatCheck: { callsPerTask: 4, minShare: 0.5 },
  share: { team: 'algebra', weight: 2 },
  inference: { ...smoke.inference, engine: 'external' },
};

test('a lap that wants it asks each role that it has for its base, first of all; a later lap does not', () => {
  const [, second] = ordersOf({ recipe, turn: 1 });
  expect(second?.phase).toBe('formatCheck');
  expect(second?.orders.map(({ name }) => name)).toEqual(['prove', 'refine', 'verify', 'metaVerify', 'selfVerify']);
  expect(PHASES.formatCheck.orders({ recipe, turn: 2 })).toBeUndefined();
  expect(PHASES.formatCheck.orders({ recipe: smoke, turn: 1 })).toBeUndefined();
});

test.each([
  [4, 4, 1],
  [15, 15, 1],
  [40, 15, 3],
])('%p calls a role are %p worked examples, asked %p times each', (callsPerTask, rows, perRow) => {
  const asked = { ...recipe, formatCheck: { ...recipe.formatCheck, callsPerTask } };
  expect(sizesOf(asked, domains.of('rehearsal').sizes(smoke.domain.settings, 16)).workedExamples).toBe(rows);
  expect(PHASES.formatCheck.orders({ recipe: asked, turn: 1 })?.[0]?.perRow).toBe(perRow);
});

test('every task has the worked examples that are counted on', async () => {
  for (const examples of Object.values(await workedExamples())) expect(examples).toHaveLength(WORKED_EXAMPLES);
});

function rootError(error: Error): Error {
  return error.cause instanceof Error ? rootError(error.cause) : error;
}

describe('a base behind a server', () => {
  let stub: Stub;
  let world: InferenceWorld;
  afterEach(async () => {
    await world.stop();
    await stub.kill();
  });

  async function checked(options: Parameters<typeof startStub>[0]) {
    stub = await startStub({ medianMs: 2, sigma: 0.2, ...options });
    world = await startInferenceWorld(
      'workflows/index.ts',
      inferenceActivities(async (model) => [{ baseUrl: stub.url, model: modelKey(model), maxConcurrency: 64 }]),
      { orchestrator: (store) => createDatasetActivities({ store, checkers: () => undefined }) },
    );
    const opened = {
      lap: 'main/lap-0001',
      turn: 1,
      seed: 1,
      recipe,
      prompts: world.prompts,
      base: { uri: `checkpoints/${modelKey(MODEL)}`, sha256: modelKey(MODEL) },
      problems: {},
    };
    return world.env.client.workflow.execute<typeof formatCheck>('formatCheck', {
      taskQueue: QUEUES.orchestrator,
      workflowId: 'main/lap-0001/format-check',
      args: [{ opened: opened as never }],
    });
  }

  test('that keeps the formats is told by its numbers', async () => {
    const { told, sets } = await checked({});
    expect(told).toBe('prove 4 of 4, refine 4 of 4, verify 4 of 4, metaVerify 4 of 4, selfVerify 4 of 4');
    expect(sets.map(({ setId }) => setId)).toContain('main/lap-0001/format-check/metaVerify');
    const set = world.env.client.workflow.getHandle('main/lap-0001/format-check/metaVerify');
    expect((await set.describe()).priority).toMatchObject({ fairnessKey: 'algebra', fairnessWeight: 2 });
  });

  test('that does not ends the lap with what came, why, and what helps', async () => {
    const error = await checked({ unparseable: 1 }).catch((failed: WorkflowFailedError) => failed);
    expect(error).toMatchObject({ cause: { cause: { type: 'FormatNotObeyed' } } });
    const { message } = rootError(error as WorkflowFailedError);
    for (const part of [
      /^Expected the base to keep the format in at least 50 % of its answers in each role \(formatCheck\.minShare\)/,
      / got prove 0 of 4, refine 0 of 4, .*\. prove: 4 malformed \(no "## Solution" section\), such as "Seed \d+\./,
      /\. verify: 4 malformed \(no opening phrase\), such as "Seed /,
      /\. Nothing else was spent\. What helps: a base that keeps the format \(`flywheel base teach-format` makes one\)/,
      /`flywheel ledger show main\/lap-0001\/format-check\/<role>` shows all$/,
    ])
      expect(message).toMatch(part);
  });
});
