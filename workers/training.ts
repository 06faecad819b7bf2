import { runWorkers } from './host.ts';

/** Activities that run training jobs on a cluster. A process of its own where workers are scaled apart. */
await runWorkers(['training']);
