import type { Client } from '@temporalio/client';
import { domains } from '../domains/index.ts';
import { config } from '../temporal.config.ts';
import { allBeating } from '../activities/processes/heartbeat.ts';
import { createSetActivities } from '../activities/sets/activities.ts';
import { createDatasetActivities } from '../activities/datasets/activities.ts';
import { createLapActivities } from '../activities/laps/activities.ts';
import { createProductActivities } from '../activities/products/activities.ts';
import { createNoticeActivities } from '../activities/notices/activities.ts';
import { createReportActivities } from '../reports/activities.ts';
import { createReviewActivities } from '../activities/reviews/activities.ts';
import { TemporalDesk } from '../activities/reviews/desk.ts';
import { configuredBases, configuredChoices, configuredServing, configuredSurroundings } from './configured.ts';
import { markFormat } from '../activities/store/format.ts';
import { createServingActivities } from '../activities/serving/activities.ts';
import { connectClient, endQuestions, isLapUnderWay, isWorkflowUnderWay, workflowEnd } from './client.ts';
import { noticeLink } from './links.ts';
import { productWorld } from './products.ts';
import { store } from './store.ts';
import { createTrainingActivities } from '../activities/training/activities.ts';

/** How often replicas of pools are seen to that nobody asks anything. Ours. */
const TENDS_EVERY_MS = 15_000;

interface Hooks {
  /** Before a lap is opened. */
  readonly onLap?: () => Promise<void> | undefined;
}

/** All activities of this installation, by task queue. @throws StoreFormatUnknown */
export async function createActivities({ onLap }: Hooks = {}) {
  await markFormat(store);
  const serving = configuredServing(store);
  const choices = configuredChoices(serving);
  // What cannot be seen to now is seen to the next time.
  setInterval(() => void serving.tend().catch(() => undefined), TENDS_EVERY_MS).unref();

  let connected: Promise<Client> | undefined;
  const client = () =>
    (connected ??= connectClient().catch((error: unknown) => {
      connected = undefined; // the next who needs one tries again
      throw error;
    }));
  let opened: TemporalDesk | undefined;
  const desk = async () => (opened ??= new TemporalDesk(await client(), store, 60_000));

  const laps = createLapActivities({
    store,
    ...configuredSurroundings(serving),
    ...choices,
    bases: configuredBases(),
    isUnderWay: async (lap) => isLapUnderWay(await client(), lap),
    endQuestions: async (lap) => endQuestions(await client(), lap),
  });
  const openLap: typeof laps.openLap = async (...asked) => {
    await onLap?.();
    return laps.openLap(...asked);
  };

  const sets = createSetActivities({
    store,
    resolve: (model, options) => serving.endpoints(model, options),
    verify: true,
  });
  const { planSet, collectLabels, setInWords, stopSet } = sets;

  return {
    orchestrator: {
      planSet,
      collectLabels,
      setInWords,
      stopSet,
      ...allBeating({ ...laps, openLap }),
      ...createReviewActivities({
        store,
        desk,
        expertOf: (name) => domains.of(name).expert,
        pageOf: config.desk.questionPage,
      }),
      ...allBeating(
        createDatasetActivities({ store, checkers: domains.checkerOf, domainOf: (name) => domains.of(name) }),
      ),
      ...allBeating(
        createProductActivities({
          ...productWorld(),
          isUnderWay: async (workflowId, runId) => isWorkflowUnderWay(await client(), workflowId, runId),
          workflowEnd: async (workflowId, signal) => workflowEnd(await client(), workflowId, signal),
        }),
      ),
      ...allBeating(createReportActivities({ store, checkers: domains.checkerOf })),
      ...allBeating(createNoticeActivities({ store, webhook: config.webhook, linkOf: noticeLink })),
    },
    inference: { ...sets, ...createServingActivities({ serving }) },
    training: createTrainingActivities({
      store,
      clusters: choices.clusters,
      engines: choices.trainingEngines,
      env: { ...config.trackers, [config.rewardService.tokenEnv]: config.rewardService.token },
      reward: config.rewardService,
    }),
  };
}
