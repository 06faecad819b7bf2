import { originOf, workflowBundle } from '../workflows/bundle.ts';
import type { Bench } from './bench.ts';

/** Every cached workflow instantiates the modules of its bundle: their size is memory, and time to the first turn. */
export const bundleSize: Bench = {
  name: 'bundle-size',
  about: 'Bytes of the workflow bundle without its source map',
  goal: '<= 850000',
  met: (value) => value <= 850_000,
  takes: [],
  async run() {
    const { bytes, modules } = await workflowBundle();
    const from: Record<string, number> = {};
    for (const origin of modules.map(originOf)) from[origin] = (from[origin] ?? 0) + 1;
    return { value: bytes, detail: { modules: modules.length, from } };
  },
};
