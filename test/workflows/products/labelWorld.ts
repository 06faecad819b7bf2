import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowFailedError } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { createProductActivities } from '../../../activities/products/activities.ts';
import { allBeating } from '../../../activities/processes/heartbeat.ts';
import { createNoticeActivities } from '../../../activities/notices/activities.ts';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { TemporalDesk, type OpenReview } from '../../../activities/reviews/desk.ts';
import { createReportActivities } from '../../../reports/activities.ts';
import type { LabelInput, LabelProgress, LabelResult } from '../../../shared/products/labels.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { modelKey } from '../../../shared/records.ts';
import { isWorkflowUnderWay, workflowEnd } from '../../../workers/client.ts';
import type { label } from '../../../workflows/products/label.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import type { StubOptions } from '../../stub-server/options.ts';
import { inferenceActivities, startInferenceWorld, type InferenceWorld } from '../sets/inferenceWorld.ts';

/** Proofs labelled on a real Temporal server, by a stub, and people at their desk. */
export interface LabelWorld extends InferenceWorld {
  readonly stub: Stub;
  readonly desk: TemporalDesk;
  /** A file of so many proofs, five of each problem. */
  readonly proofs: (count: number) => Promise<string>;
  readonly start: (input: LabelAsked) => ReturnType<typeof startLabel>;
  readonly label: (input: LabelAsked) => Promise<LabelResult>;
  /** Why it failed, in its words. */
  readonly refusal: (input: LabelAsked) => Promise<string | undefined>;
  readonly progress: (name: string) => Promise<LabelProgress>;
  readonly lines: (uri: string) => Promise<Line[]>;
  /** Open questions below a `label`, once there are so many. */
  readonly questions: (name: string, count: number) => Promise<readonly OpenReview[]>;
}

export type LabelAsked = Partial<Omit<LabelInput, 'verifier'>> & { readonly name: string };
/** A line of `labels.jsonl`. */
export type Line = Readonly<Record<string, string | number | boolean | null>>;

export const VERIFIER = { endpoint: 'http://127.0.0.1:1/v1', model: 'judge' };

export async function startLabelWorld(options: Partial<StubOptions> = {}): Promise<LabelWorld> {
  const stub = await startStub({ medianMs: 2, sigma: 0.2, textBytes: 100, ...options });
  const inference = inferenceActivities(async (model) => [
    { baseUrl: stub.url, model: modelKey(model), maxConcurrency: 128 },
  ]);
  let desk: TemporalDesk | undefined;
  const world: InferenceWorld = await startInferenceWorld('workflows/index.ts', inference, {
    orchestrator: (store) => ({
      ...allBeating(
        createProductActivities({
          store,
          isUnderWay: (workflowId, runId) => isWorkflowUnderWay(world.env.client, workflowId, runId),
          workflowEnd: (workflowId, signal) => workflowEnd(world.env.client, workflowId, signal),
        }),
      ),
      ...allBeating(createReportActivities({ store, checkers: () => undefined })),
      ...createNoticeActivities({ store, webhook: undefined, linkOf: () => undefined }),
      ...createReviewActivities({ store, desk: async () => deskOf(), expertOf: () => undefined }),
    }),
  });
  const deskOf = (): TemporalDesk => (desk ??= new TemporalDesk(world.env.client, world.store, 60_000));
  const { store, env } = world;
  const start = (input: LabelAsked) => startLabel(world, input);
  return {
    ...world,
    stub,
    desk: deskOf(),
    start,
    proofs: async (count) => {
      const file = `imports/${count}-proofs.jsonl`;
      await store.writeJsonl(
        file,
        Array.from({ length: count }, (_, index) => proof(index)),
      );
      return file;
    },
    label: async (input) => (await start(input)).result(),
    refusal: async (input) =>
      (await start(input)).result().then(
        () => undefined,
        (error: WorkflowFailedError) => rootCause(error.cause),
      ),
    progress: (name) => env.client.workflow.getHandle(`label/${name}`).query<LabelProgress>('progress'),
    lines: async (uri) => {
      const lines: Line[] = [];
      for await (const line of store.readJsonl<Line>(await store.refOf(uri))) lines.push(line);
      return lines;
    },
    questions: async (name, count) => {
      for (;;) {
        const open = await deskOf().open({ set: `label/${name}`, limit: 1000 });
        if (open.length >= count) return open;
        await sleep(100);
      }
    },
    stop: async () => {
      await world.stop();
      await stub.kill();
    },
  };
}

export const proof = (index: number) => ({
  id: `r${index}`,
  problem_id: `p${Math.floor(index / 5)}`,
  problem: `Show claim ${Math.floor(index / 5)} of the test.`,
  topic: index % 2 === 0 ? 'algebra' : 'geometry',
  proof: `Proof ${index}.`,
});

function startLabel({ env }: InferenceWorld, input: LabelAsked) {
  return env.client.workflow.start<typeof label>('label', {
    taskQueue: QUEUES.orchestrator,
    workflowId: `label/${input.name}`,
    args: [{ verifier: VERIFIER, ...input } as LabelInput],
  });
}
