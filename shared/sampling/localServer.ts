/** `inference.engine` of the small batching server that comes along, for models that a CPU can run. */
export const BUNDLED = 'batcher';

/** Programs of others that serve models, by their command: where one is installed, `inference.engine` may be it. */
export const SERVER_PROGRAMS = ['vllm'] as const;
