import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { command } from '../../../activities/serving/command.ts';
import { LocalServers } from '../../../activities/serving/localServers.ts';
import type { ServingEngine } from '../../../activities/serving/types.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { config } from '../../../temporal.config.ts';
import type { LapWorld } from '../../lapWorld.ts';
import type { Fetched } from './packages.ts';
import { packages } from './packages.ts';

/** What `transformers serve` imports beside the trainer's environment. */
export const openai = (): Fetched => packages('openai==2.54.0', 'jiter==0.19.0', 'distro==1.9.0', 'sniffio==1.3.1');

/** It serves a model under the name by which it found its folder: that of the checkpoint, from the folder above. */
const SERVE = 'cd "$(dirname "$1")" && exec "$0" serve "$2" --host 127.0.0.1 --port "$3" --device cpu --dtype float32';

/** `transformers serve` through the engine `command`. */
export function transformersServe(
  world: LapWorld,
  folder: string,
): { readonly engine: ServingEngine; readonly stop: () => Promise<void> } {
  const hub = world.path('hub');
  mkdirSync(hub, { recursive: true });
  const servers = new LocalServers({
    folder: world.path('run', 'others'),
    logDir: world.path('logs'),
    host: '127.0.0.1',
    root: config.root,
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: folder,
      HF_HUB_CACHE: hub,
      HF_HUB_OFFLINE: '1',
      OMP_NUM_THREADS: '1',
      OMP_WAIT_POLICY: 'passive',
    },
  });
  const program = path.join(path.dirname(config.python), 'transformers');
  const words = ['sh', '-c', SERVE, program, '{checkpoint}', '{model}', '{port}'];
  const store = new FileStore(world.path('store'));
  return {
    engine: command({ store, servers, command: JSON.stringify(words) }),
    stop: async () => {
      await servers.stop();
    },
  };
}
