import { appendFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { MetricsTail } from '../../../activities/training/metrics.ts';

function line(step: number): string {
  const zeros = {
    rewardStd: 0,
    flatGroupShare: 0,
    unscorable: 0,
    completionTokens: 0,
    truncatedShare: 0,
    loss: 0,
    learningRate: 0,
    sampleSeconds: 0,
    rewardSeconds: 0,
    stepSeconds: 0,
  };
  return `${JSON.stringify({ step, reward: step / 10, components: {}, ...zeros })}\n`;
}

async function growing(): Promise<{ file: string; tail: MetricsTail }> {
  const store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-metrics-')));
  return { file: store.path('metrics.jsonl'), tail: new MetricsTail(store, 'metrics.jsonl') };
}

test('there is no progress before the first step', async () => {
  const { tail } = await growing();
  expect(await tail.read()).toEqual({ grownAt: 0 });
});

test('a line counts once it is whole', async () => {
  const { file, tail } = await growing();
  await writeFile(file, line(1) + line(2).slice(0, 20));
  expect((await tail.read()).last).toMatchObject({ step: 1 });
  await appendFile(file, line(2).slice(20));
  expect((await tail.read()).last).toMatchObject({ step: 2, reward: 0.2 });
});

test('a line that a killed trainer left broken is passed over', async () => {
  const { file, tail } = await growing();
  await writeFile(file, line(1) + line(2).slice(0, 20) + line(2) + line(3));
  expect((await tail.read()).last).toMatchObject({ step: 3 });
});

test('a resumed attempt that goes back some steps is where it says it is', async () => {
  const { file, tail } = await growing();
  await writeFile(file, line(1) + line(2) + line(3));
  expect((await tail.read()).last).toMatchObject({ step: 3 });
  await appendFile(file, line(2));
  expect((await tail.read()).last).toMatchObject({ step: 2 });
});

test('a file that was written anew is read anew', async () => {
  const { file, tail } = await growing();
  await writeFile(file, line(1) + line(2) + line(3));
  await tail.read();
  await writeFile(file, line(1));
  expect((await tail.read()).last).toMatchObject({ step: 1 });
});
