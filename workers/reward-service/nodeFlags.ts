/**
 * Flags of node for the process of the reward service. Texts of tens of kilobytes live for a judge's call: in a young
 * generation of the default's size most are copied before they are dropped. Ours: in megabytes, measured by
 * `reward-throughput`; it holds three times as much at most.
 */
export const NODE_FLAGS = ['--max-semi-space-size=64'] as const;
