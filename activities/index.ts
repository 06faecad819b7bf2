import { Client, Connection } from '@temporalio/client';
import { rehearsalChecker } from '../rehearsal/checker.ts';
import { config, environmentWith } from '../temporal.config.ts';
import { allBeating } from './beating.ts';
import { createEvaluationActivities } from './evaluation/index.ts';
import { createInferenceActivities } from './inference/index.ts';
import { createLapActivities } from './lap/index.ts';
import { loadPromptSet } from './prompts.ts';
import { createReportActivities } from './report/index.ts';
import { createReviewActivities } from './reviews/index.ts';
import { configuredServing } from './serving/configured.ts';
import { createServingActivities } from './serving/index.ts';
import { ArtifactStore } from './store.ts';
import { createTrainingActivities, LocalCluster } from './training/index.ts';

/** All activities of this installation, by task queue. */
export async function createActivities() {
  const store = new ArtifactStore(config.storeDir);
  const serving = configuredServing(store);
  // The one domain that knows its truth. A lap reads it only where its recipe says so.
  const checker = rehearsalChecker;

  let connected: Promise<Client> | undefined;
  const client = () =>
    (connected ??= Connection.connect(config.temporal.connection).then(
      (connection) => new Client({ connection, namespace: config.temporal.namespace }),
    ));

  return {
    orchestrator: {
      ...allBeating(createLapActivities({ store, root: config.root })),
      ...createReviewActivities({ store, client, checker }),
      ...allBeating(createEvaluationActivities({ store, checker })),
      ...allBeating(createReportActivities({ store, checker })),
    },
    inference: {
      ...createInferenceActivities({
        store,
        resolve: (model, options) => serving.endpoints(model, options),
        loadPromptSet,
      }),
      ...createServingActivities({ serving }),
    },
    training: createTrainingActivities({
      store,
      clusters: [
        new LocalCluster({
          store,
          root: config.root,
          command: [config.python, '-m', 'trainer.train'],
          env: environmentWith({}),
        }),
      ],
      reward: config.rewardService,
    }),
  };
}
