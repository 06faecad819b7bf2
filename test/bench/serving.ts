import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { config, environmentWith } from '../../temporal.config.ts';
import type { Bench, BenchResult } from './bench.ts';

/** The model server under load, as `serving.py` measures it. */
export const serving: Bench = {
  name: 'serving',
  about: 'Tokens/s of the model server against in-process generate of transformers, 128 calls at once',
  goal: '>= 0.9',
  met: (value) => value >= 0.9,
  takes: [],
  async run() {
    const { stdout } = await promisify(execFile)(config.python, [path.join(import.meta.dirname, 'serving.py')], {
      cwd: config.root,
      env: environmentWith({ PYTHONPATH: config.root }),
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Pick<BenchResult, 'value' | 'detail'>;
  },
};
