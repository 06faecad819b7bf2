import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VARIABLE = 'FLYWHEEL_VERL_PYTHON';
const REMEDY =
  `Expected ${VARIABLE} to name a Python with verl beside the trainer's packages: in an environment that has those ` +
  '(trainer/requirements.lock), pip install --no-deps verl==0.9.1 tensordict codetiming torchdata, and pip install ' +
  'hydra-core==1.3.8 ray aiohttp pillow (no GPU is needed)';

/** What a module of Python's tests printed. @throws where one fails. */
async function tested(python: string, module: string): Promise<string> {
  // What stands for verl in the program's tests is told to it by the same variable.
  const env = { ...process.env, OMP_NUM_THREADS: '1', [VARIABLE]: undefined };
  const { stderr } = await run(python, ['-m', 'unittest', module], { env, maxBuffer: 2 ** 26 });
  return stderr;
}

test('the engine verl trains, is killed, stopped and resumed, with a stand-in for verl', async () => {
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'] as string;
  expect(await tested(python, 'trainer.tests.long_verl_run')).toMatch(/Ran [1-9]\d* tests/);
});

test('jobs compose to what the real verl takes, and what is ours is found by it', async () => {
  const python = process.env[VARIABLE] ?? '';
  if (python === '') throw new Error(REMEDY);
  await run(python, ['-c', 'import verl']).catch((error: Error) => {
    throw new Error(`${REMEDY}; it said: ${error.message}`, { cause: error });
  });
  expect(await tested(python, 'trainer.tests.long_verl')).toMatch(/Ran [1-9]\d* tests/);
});
