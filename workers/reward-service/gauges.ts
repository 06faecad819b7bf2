import { gauge } from '../../activities/metrics/registry.ts';
import type { RewardJob } from './rewardJob.ts';
import type { RewardJobs } from './rewardJobs.ts';

/** Services of this process that are open: one, but in tests. */
const services = new Set<RewardJobs>();

export function measureJobs(jobs: RewardJobs): () => void {
  services.add(jobs);
  return () => void services.delete(jobs);
}

function ofJobs(name: `flywheel_${string}`, help: string, of: (standing: RewardJob['standing']) => number): void {
  gauge({ name, help }, async (all) => {
    const jobs = (await Promise.all([...services].map((each) => each.opened()))).flat();
    all.set(jobs.reduce((sum, { standing }) => sum + of(standing), 0));
  });
}

ofJobs('flywheel_reward_jobs', 'Training jobs whose rewards are open.', () => 1);
ofJobs('flywheel_reward_jobs_waiting', 'Of them, those with a judge that does not answer.', ({ isWaiting }) =>
  isWaiting ? 1 : 0,
);
ofJobs('flywheel_reward_items_under_way', 'Items whose verdicts are waited for.', ({ underWay }) => underWay);
ofJobs('flywheel_reward_journal_bytes', 'Bytes of the journals of the open jobs.', ({ journalBytes }) => journalBytes);
