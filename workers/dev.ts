import { runWorkers } from './host.ts';
import { wantRewards } from './stack/rewards.ts';

/** All workers in one process: what a laptop runs. A lap that begins has the stack run the reward service, too. */
await runWorkers(['orchestrator', 'inference', 'training'], { becomeCurrent: true, onLap: wantRewards });
