import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { smolBase } from './realModel/packages.ts';

/** Several processes of the trainer that train as one, on the CPU (trainer/tests/long_distributed.py says what of). */
const at = mkdtempSync(path.join(tmpdir(), 'flywheel-ranks-'));
afterAll(() => rmSync(at, { recursive: true }));
const model = smolBase(path.join(at, 'model'));

async function passes(tests: string, environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'];
  if (python === undefined)
    throw new Error('Expected FLYWHEEL_TRAINER_PYTHON to name the Python of the trainer, got nothing');
  const env = { ...process.env, ...environment, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const options = { cwd: path.resolve('.'), env, maxBuffer: 2 ** 26 };
  const { stderr } = await promisify(execFile)(python, ['-m', 'unittest', tests], options);
  expect(stderr).toMatch(/Ran [1-9]\d* tests?/);
}

test('two ranks train as one process does, also when one is killed', async () => {
  await passes('trainer.tests.long_distributed');
}, 1_800_000);

('missing' in model ? test.skip : test)(
  `so they do with a language model of 135 M parameters${'missing' in model ? ` (${model.missing})` : ''}`,
  async () => {
    if ('missing' in model) return;
    await passes('trainer.tests.long_distributed.RealModelTest', { FLYWHEEL_TEST_MODEL: model.folder });
  },
  1_800_000,
);
