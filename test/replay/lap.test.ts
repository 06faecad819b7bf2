import { readdirSync } from 'node:fs';
import { folderOf, history, replay } from './replay.ts';

const recorded = readdirSync(folderOf('lap'));

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
  (name) => replay(history('lap', name)),
  60_000,
);

test('a changed workflow is caught: a history with another activity does not replay', async () => {
  const tampered = JSON.parse(
    JSON.stringify(history('lap', 'coldStart.json.gz')).replaceAll('chooseProblems', 'chooseOtherProblems'),
  ) as unknown;
  await expect(replay(tampered)).rejects.toThrow(/[Nn]ondeterminism/);
}, 60_000);
