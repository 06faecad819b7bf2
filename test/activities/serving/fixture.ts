import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServing, type Serving, type ServingSettings } from '../../../activities/serving/activities.ts';
import { FileStore } from '../../../activities/store/files.ts';

export const MODEL = 'a'.repeat(64);
export const OTHER = 'b'.repeat(64);

const fakeServer = path.join(process.cwd(), 'test/activities/serving/fakeServer.mjs');

export interface Bench {
  readonly folder: string;
  /** Another process's view: a Serving of its own for the same folders. */
  readonly open: (more?: Partial<ServingSettings>) => Serving;
  /** One line per start of the fake server: `<pid> <port>`. */
  readonly starts: () => Promise<string[]>;
}

/** A store with two checkpoints, served by the fake server. */
export async function bench({ folder, mode = 'good' }: { folder?: string; mode?: string } = {}): Promise<Bench> {
  const root = folder ?? (await mkdtemp(path.join(tmpdir(), 'flywheel-serving-')));
  const store = new FileStore(path.join(root, 'store'));
  for (const model of [MODEL, OTHER]) {
    await mkdir(store.path(`checkpoints/${model}`), { recursive: true });
    await writeFile(store.path(`checkpoints/${model}/config.json`), '{}');
  }
  const startsFile = path.join(root, 'starts.log');
  return {
    folder: root,
    open: (more = {}) =>
      createServing({
        store,
        root: process.cwd(),
        runDir: path.join(root, 'run'),
        logDir: path.join(root, 'logs'),
        host: '127.0.0.1',
        env: { PATH: process.env['PATH'], FAKE_STARTS: startsFile, FAKE_SERVER: mode },
        batcher: { command: [process.execPath, fakeServer] },
        serveCommand: JSON.stringify([
          process.execPath,
          fakeServer,
          '--served',
          '{model}',
          '--from',
          '{checkpoint}',
          '--port',
          '{port}',
        ]),
        startMs: 30_000,
        ...more,
      }),
    starts: async () => {
      const text = await readFile(startsFile, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
  };
}
