import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

const FOLDER = path.resolve('test/replay/lap');
const history = (name: string): unknown => JSON.parse(gunzipSync(readFileSync(path.join(FOLDER, name))).toString());
const recorded = readdirSync(FOLDER);

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: path.resolve('workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
}, 60_000);

test('every kind of workflow of a lap has a recorded history', () => {
  expect(recorded).toEqual(
    [
      'coldStart',
      'consolidate',
      'expertReview',
      'flywheel',
      'labelSet',
      'lap',
      'laterLap',
      'reviewSet',
      'sampleSet',
      'scaleVerification',
      'scoreAnalyses',
      'trainStage',
    ].map((type) => `${type}.json.gz`),
  );
});

test.each(recorded)(
  'a lap under way goes on with the workflows as they are now: %s',
  async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, history(name));
  },
  60_000,
);

test('a changed workflow is caught: a history with another activity does not replay', async () => {
  const tampered = JSON.parse(
    JSON.stringify(history('coldStart.json.gz')).replaceAll('chooseProblems', 'chooseOtherProblems'),
  ) as unknown;
  await expect(Worker.runReplayHistory({ workflowBundle }, tampered)).rejects.toThrow(/[Nn]ondeterminism/);
}, 60_000);
