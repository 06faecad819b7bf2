import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../activities/processes/ports.ts';

export const BUCKET = 'flywheel';
const KEY = 'test';
const SECRET = 'a-secret-of-tests';

/** A real S3 server of this machine, with a folder behind it. */
export class S3Server {
  readonly folder: string;
  readonly port: number;
  #process: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** @throws where there is no server to start, saying how to get one. */
  static async start(): Promise<S3Server> {
    const server = new S3Server(await mkdtemp(path.join(tmpdir(), 'flywheel-s3-')), await freePort());
    await mkdir(path.join(server.folder, 'data', BUCKET), { recursive: true });
    await server.up();
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a client's environment has. */
  get environment() {
    return { AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: 'us-east-1' };
  }

  async up(): Promise<void> {
    const log = await open(path.join(this.folder, 'log.txt'), 'a');
    const args = ['--port', `127.0.0.1:${this.port}`, '--region', 'us-east-1', 'posix', path.join(this.folder, 'data')];
    this.#process = spawn(versitygw(), args, {
      env: { ...process.env, ROOT_ACCESS_KEY: KEY, ROOT_SECRET_KEY: SECRET },
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(this.#process, 'spawn');
    await log.close();
    for (let tries = 0; tries < 200; tries += 1) {
      if (
        await fetch(this.endpoint).then(
          () => true,
          () => false,
        )
      )
        return;
      await sleep(50);
    }
    throw new Error(`Expected an S3 server to answer at ${this.endpoint}, got nothing; see ${this.folder}/log.txt`);
  }

  async kill(): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined || server.exitCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

function versitygw(): string {
  const named = process.env['VERSITYGW'];
  const places = named === undefined ? (process.env['PATH'] ?? '').split(path.delimiter) : [path.dirname(named)];
  const found = places.map((folder) => path.join(folder, 'versitygw')).find(existsSync);
  if (found === undefined)
    throw new Error(
      'Expected versitygw, an S3 server, on PATH or in VERSITYGW, got none. With Go: ' +
        '`go install github.com/versity/versitygw/cmd/versitygw@v1.8.0`',
    );
  return found;
}
