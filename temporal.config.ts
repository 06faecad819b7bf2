import path from 'node:path';

/**
 * The one typed place for where things are and how they are reached; the only reader of process.env.
 * A lap's choices are its recipe's (shared/recipe.ts), not here.
 */
const env = process.env;
const root = import.meta.dirname;
const stateDir = path.resolve(env['FLYWHEEL_STATE'] ?? path.join(root, '.flywheel'));

function port(name: string, otherwise: number): number {
  const value = env[name];
  if (value === undefined) return otherwise;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new Error(`Expected ${name} to be a port between 1 and 65535, got ${JSON.stringify(value)}`);
  }
  return number;
}

export const config = {
  root,
  stateDir,
  storeDir: path.join(stateDir, 'store'),
  runDir: path.join(stateDir, 'run'),
  logDir: path.join(stateDir, 'logs'),
  temporal: {
    /** An already running server; absent, the dev command runs its own. */
    address: env['TEMPORAL_ADDRESS'],
    namespace: env['TEMPORAL_NAMESPACE'] ?? 'default',
    cliPath: env['TEMPORAL_CLI_PATH'],
    port: port('FLYWHEEL_TEMPORAL_PORT', 7233),
    uiPort: port('FLYWHEEL_UI_PORT', 8233),
  },
  taskQueues: { orchestrator: 'flywheel', inference: 'flywheel-inference', training: 'flywheel-training' },
  rewardService: { host: '127.0.0.1', port: port('FLYWHEEL_REWARD_PORT', 7300), tokenEnv: 'FLYWHEEL_REWARD_TOKEN' },
  modelServer: { host: '127.0.0.1', port: port('FLYWHEEL_MODEL_PORT', 7400) },
  python: path.join(stateDir, 'python', 'bin', 'python'),
} as const;
