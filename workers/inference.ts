import { runWorkers } from './host.ts';

/** Activities that call models and serve checkpoints. A process of its own where workers are scaled apart. */
await runWorkers(['inference']);
