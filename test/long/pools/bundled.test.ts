import { answersThroughAKill, bundledServer } from './realPool.ts';

test('two replicas of the bundled server are known by what they answer, and one that is killed is replaced', async () => {
  const engine = await bundledServer();
  const came = await answersThroughAKill(engine);
  const names = [engine.digest];
  expect(came).toMatchObject({ outcomes: came.calls, failed: [], names, ready: 2, left: 0, probed: true });
});
