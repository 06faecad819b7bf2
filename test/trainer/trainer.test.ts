import { execFile } from 'node:child_process';
import path from 'node:path';

/** Runs a module of the trainer's Python. @throws with its output, where it does not end with status 0. */
async function run(module: string, ...args: string[]): Promise<string> {
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'];
  if (python === undefined)
    throw new Error(
      'Expected FLYWHEEL_TRAINER_PYTHON to name the Python of the trainer, got nothing: test/globalSetup.ts ' +
        'makes it, run by npx jest',
    );
  const env = { ...process.env, OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  return await new Promise((resolve, reject) => {
    execFile(
      python,
      ['-m', module, ...args],
      { cwd: path.resolve('.'), env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const output = stdout + stderr;
        if (error === null) resolve(output);
        else reject(new Error(`Expected ${module} ${args.join(' ')} to pass, got ${error.code}:\n${output}`));
      },
    );
  });
}

test('the trainer and the model server keep what their own tests claim', async () => {
  expect(await run('unittest', 'discover', '-s', 'trainer/tests', '-t', '.')).toMatch(/Ran [1-9]\d* tests/);
}, 900_000);

test('the Python code is formatted and free of lint', async () => {
  await run('ruff', 'format', '--check', '.');
  await run('ruff', 'check', '.');
});
