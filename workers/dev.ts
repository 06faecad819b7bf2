import { runWorkers } from './host.ts';

/** All workers in one process: what a laptop runs. */
await runWorkers(['orchestrator', 'inference', 'training'], { becomeCurrent: true });
