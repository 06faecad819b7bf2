import { runWorkers } from './host.ts';

/** Workflows, and the activities that read and write the store. A process of its own where workers are scaled apart. */
await runWorkers(['orchestrator']);
