import { readdirSync } from 'node:fs';
import { folderOf, history, replay } from './replay.ts';

const recorded = readdirSync(folderOf('products'));

test('every kind of workflow of a product has a recorded history', () => {
  expect(recorded).toEqual(
    ['evaluate', 'label', 'labelSet', 'refineProof', 'sampleSet', 'searchProof', 'solve'].map(
      (type) => `${type}.json.gz`,
    ),
  );
});

test.each(recorded)(
  'a product under way goes on with the workflows as they are now: %s',
  (name) => replay(history('products', name)),
  60_000,
);
