import { readFile } from 'node:fs/promises';
import { replay } from './replay.ts';

test.each(['reviewDisagreement', 'reviewDeadline', 'reviewAssisted', 'reviewByProgram', 'reviewSet'])(
  'a running %s goes on with the workflows as they are now',
  async (name) => {
    await replay(JSON.parse(await readFile(`test/replay/${name}.json`, 'utf8')), 'test/workflows/reviews/workflows.ts');
  },
  60_000,
);
