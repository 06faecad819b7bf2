/** Task queues, one per kind of worker. Activities go where their system is; workflows run on the orchestrator's. */
export const QUEUES = {
  orchestrator: 'flywheel',
  inference: 'flywheel-inference',
  training: 'flywheel-training',
} as const;
