import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { batcher, type BatcherSettings } from '../../../activities/serving/batcher.ts';
import { command, type CommandSettings } from '../../../activities/serving/command.ts';
import { external, type ExternalSettings } from '../../../activities/serving/external.ts';
import { pool } from '../../../activities/serving/pool/pool.ts';
import { LocalServers, type LocalServersSettings } from '../../../activities/serving/localServers.ts';
import { Serving } from '../../../activities/serving/serving.ts';
import type { LocalCluster } from '../../../activities/clusters/local.ts';
import type { ServingEngine } from '../../../activities/serving/types.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { localCluster } from '../clusters/fixture.ts';
import type { CheckpointModel, EndpointModel } from '../../../shared/records.ts';

export const checkpointModel = (sha256: string): CheckpointModel => ({
  role: 'verifier',
  checkpoint: { uri: `checkpoints/${sha256}`, sha256 },
});
export const MODEL = checkpointModel('a'.repeat(64));
export const OTHER = checkpointModel('b'.repeat(64));
export const HOSTED: EndpointModel = { role: 'generator', endpoint: 'http://gpu:8000', name: 'big', revision: '2' };

const fakeServer = path.join(process.cwd(), 'test/activities/serving/fakeServer.mjs');

export type More = Partial<BatcherSettings & ExternalSettings & LocalServersSettings> & {
  readonly serveCommand?: CommandSettings['command'];
  /** Of the one pool. */
  readonly pool?: object;
};

/** The Python that starts replicas. */
const PYTHON = process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3';

/** One process's view. */
export interface View {
  readonly servers: LocalServers;
  /** Where replicas of the pool run. */
  readonly cluster: LocalCluster;
  readonly serving: Serving;
  readonly engine: (name: string) => ServingEngine;
}

export interface Bench {
  readonly folder: string;
  /** Another process's view of the same folders. */
  readonly open: (more?: More) => View;
  /** One line per start of the fake server: `<pid> <port>`. */
  readonly starts: () => Promise<string[]>;
}

/** A store with two checkpoints, served by the fake server. */
export async function bench({ folder, mode = 'good' }: { folder?: string; mode?: string } = {}): Promise<Bench> {
  const root = folder ?? (await mkdtemp(path.join(tmpdir(), 'flywheel-serving-')));
  const store = new FileStore(path.join(root, 'store'));
  for (const { checkpoint } of [MODEL, OTHER]) {
    const files = path.join(root, 'store', checkpoint.uri);
    await mkdir(files, { recursive: true });
    await writeFile(path.join(files, 'config.json'), '{}');
  }
  const startsFile = path.join(root, 'starts.log');
  return {
    folder: root,
    open: (more = {}) => {
      const servers = new LocalServers({
        folder: path.join(root, 'run', 'servers'),
        logDir: path.join(root, 'logs'),
        host: '127.0.0.1',
        root: process.cwd(),
        env: { PATH: process.env['PATH'], FAKE_STARTS: startsFile, FAKE_SERVER: mode },
        ...more,
      });
      const local = { store, servers, startMs: 30_000, ...more };
      const template = ['--served', '{model}', '--from', '{checkpoint}', '--port', '{port}'];
      const cluster = localCluster(root, {
        env: { FAKE_STARTS: startsFile, FAKE_SERVER: mode, PYTHONPATH: process.cwd() },
      });
      const one = { cluster: 'local', command: [process.execPath, fakeServer, ...template], ...more.pool };
      const engines = [
        batcher({ ...local, command: [process.execPath, fakeServer] }),
        command({
          ...local,
          command:
            'serveCommand' in more ? more.serveCommand : JSON.stringify([process.execPath, fakeServer, ...template]),
        }),
        external({ endpoints: undefined, env: {}, ...more }),
        pool({
          store,
          pools: JSON.stringify({ judges: one }),
          clusters: () => [cluster],
          python: PYTHON,
          env: more.env ?? {},
          lookEveryMs: 100,
        }),
      ];
      return {
        servers,
        cluster,
        serving: new Serving({ engines, folder: path.join(root, 'run', 'holds'), shared: store }),
        engine: (name) => engines.find((each) => each.name === name) as ServingEngine,
      };
    },
    starts: async () => {
      const text = await readFile(startsFile, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
  };
}

export async function whoAnswers(baseUrl: string | undefined): Promise<{ pid: number; args: string[] }> {
  return (await (await fetch(`${baseUrl}/who`)).json()) as { pid: number; args: string[] };
}

/** Ends every server of it that a test has left. */
export async function endAll({ servers, cluster }: View): Promise<void> {
  const jobs = await cluster.running();
  await Promise.all([servers.stop(), ...jobs.map((job) => cluster.stop(job, 1_000))]);
}
