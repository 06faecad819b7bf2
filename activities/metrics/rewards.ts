import type { Task } from '../../shared/records.ts';
import { counter, histogram } from './registry.ts';

const items = counter({
  name: 'flywheel_reward_items_total',
  help: 'Items of the reward service that were evaluated: scored or unscorable.',
  labels: ['task', 'status'],
});
const known = counter({
  name: 'flywheel_reward_items_known_total',
  help: 'Items that needed no evaluation of their own: cached ones, and those that joined an equal one under way.',
  labels: ['how'],
});
const seconds = histogram({
  name: 'flywheel_reward_item_duration_seconds',
  help: 'How long the evaluation of an item took, its judges included, until it was kept.',
  labels: ['task'],
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800],
});
const outages = counter({
  name: 'flywheel_reward_judge_outages_total',
  help: 'Times that an item found its judge served nowhere, and waited.',
});

export function countReward(task: Task, status: 'scored' | 'unscorable', ms: number): void {
  items.inc({ task, status });
  seconds.observe({ task }, ms / 1000);
}

export const countKnownReward = (how: 'cached' | 'joined'): void => known.inc({ how });
export const countJudgeOutage = (): void => outages.inc();
