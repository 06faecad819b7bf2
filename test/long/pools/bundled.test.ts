import { readdirSync } from 'node:fs';
import path from 'node:path';
import { checkpointDigest } from '../../../activities/store/checkpoints.ts';
import { folderOf } from '../../../domains/rehearsal/base/describeBase.ts';
import { answersThroughAKill, PYTHON } from './realPool.ts';

test('two replicas of the bundled server are known by what they answer, and one that is killed is replaced', async () => {
  const folder = path.resolve(folderOf('rehearsal'));
  const digest = await checkpointDigest(folder);
  const serve = [
    PYTHON,
    '-m',
    'trainer.serve',
    '--checkpoints',
    '{checkpoint}/..',
    '--max-context',
    '1024',
    '--host',
    '{host}',
    '--port',
    '{port}',
  ];
  const came = await answersThroughAKill({
    command: ['env', 'MODEL={model}', ...serve, '--max-context', '1024'],
    digest,
    files: Object.fromEntries(readdirSync(folder).map((name) => [name, path.join(folder, name)])),
    maxTokens: 64,
  });
  expect(came).toMatchObject({ outcomes: came.calls, failed: [], names: [digest], ready: 2, left: 0, probed: true });
});
