import { execFile } from 'node:child_process';
import path from 'node:path';

/** Runs the trainer's own tests; resolves with their output and exit status. */
async function pythonTests(): Promise<{ status: number | string; output: string }> {
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'];
  if (python === undefined)
    throw new Error(
      'Expected FLYWHEEL_TRAINER_PYTHON to name the Python of the trainer, got nothing: test/globalSetup.ts ' +
        'makes it, run by npx jest',
    );
  const env = { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  return await new Promise((resolve) => {
    execFile(
      python,
      ['-m', 'unittest', 'discover', '-s', 'trainer/tests', '-t', '.'],
      { cwd: path.resolve('.'), env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) =>
        resolve({ status: error?.code ?? (error === null ? 0 : 'killed'), output: stdout + stderr }),
    );
  });
}

test('the trainer and the model server keep what their own tests claim', async () => {
  const { status, output } = await pythonTests();
  if (status !== 0) throw new Error(`Expected the Python tests to pass, they ended with ${status}:\n${output}`);
  expect(output).toMatch(/Ran [1-9]\d* tests/);
}, 240_000);
