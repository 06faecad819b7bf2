import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Several processes of the trainer that train as one, on the CPU (trainer/tests/long_distributed.py says what of). */
test('two ranks train as one process does, also when one is killed', async () => {
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'];
  if (python === undefined)
    throw new Error('Expected FLYWHEEL_TRAINER_PYTHON to name the Python of the trainer, got nothing');
  const env = { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  const options = { cwd: path.resolve('.'), env, maxBuffer: 2 ** 26 };
  const { stderr } = await promisify(execFile)(python, ['-m', 'unittest', 'trainer.tests.long_distributed'], options);
  expect(stderr).toMatch(/Ran [1-9]\d* tests/);
}, 1_800_000);
