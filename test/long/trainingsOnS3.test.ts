import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Trainings whose store is a real S3 server, by the trainer's own tests in trainer/tests/stores. */
test.each(['long_transfers', 'long_faults', 'long_conformance'])(
  'trainings on S3 keep what trainer/tests/stores/%s.py claims',
  async (module) => {
    const python = process.env['FLYWHEEL_TRAINER_PYTHON'];
    if (python === undefined)
      throw new Error('Expected FLYWHEEL_TRAINER_PYTHON to name the Python of the trainer, got nothing');
    const env = { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    const options = { cwd: path.resolve('.'), env, maxBuffer: 2 ** 26 };
    const run = promisify(execFile)(python, ['-m', 'unittest', `trainer.tests.stores.${module}`], options);
    expect((await run).stderr).toMatch(/Ran [1-9]\d* tests/);
  },
  3_600_000,
);
