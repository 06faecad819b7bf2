import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { writeTrainingRows } from '../../../activities/datasets/trainingData.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { promptSetNamed } from '../../../activities/store/promptSets.ts';
import type { TrainingRow } from '../../../shared/records.ts';

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(os.tmpdir(), 'flywheel-store-')));
});
afterEach(() => rm(store.root, { recursive: true }));

const problem = { id: 'p', statement: 'Show p.', topic: 'algebra', source: 'test' };
const write = async (rows: readonly object[]) =>
  writeTrainingRows(store, {
    to: 'datasets/out.jsonl',
    prompts: await promptSetNamed(store, 'paper'),
    source: { task: 'verify', rows: await store.writeJsonl('datasets/in.jsonl', rows) },
  });

test('a scored proof becomes a prompt that quotes it, and what the reward service needs', async () => {
  const [row] = await store.readRows<TrainingRow>(
    await write([
      { id: 'x', problem, proof: 'Clear.', model: 'none', score: 0.5, source: 'expert', lap: 'main/lap-0001' },
    ]),
  );
  expect(row).toMatchObject({ itemId: 'verify/x', task: 'verify', meta: { problem, proof: 'Clear.', score: 0.5 } });
  expect(row?.prompt[0]?.content).toContain('Clear.');
});

test('where people scored nothing there is nothing to learn, and the training is refused by name', async () => {
  await expect(write([])).rejects.toMatchObject({
    type: 'NothingToLearn',
    nonRetryable: true,
    message: expect.stringMatching(/^Expected datasets\/in\.jsonl to hold rows to train verify on, got none/) as string,
  });
});
