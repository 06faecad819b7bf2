import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { FakeModelServer } from './fakeModelServer.ts';
import { writeSpec } from './fixtures.ts';

/** For each test of a file a store with a job, a judge's server, and the processes that it starts, ended after it. */
export function rewardWorld() {
  const world = { folder: '', model: new FakeModelServer(), started: [] as ChildProcess[] };
  beforeEach(async () => {
    world.folder = await mkdtemp(path.join(os.tmpdir(), 'rewards-'));
    world.model = new FakeModelServer();
    await world.model.start();
    await writeSpec(new FileStore(world.folder));
  });
  afterEach(async () => {
    for (const child of world.started.splice(0)) child.kill('SIGKILL');
    await world.model.stop();
    await rm(world.folder, { recursive: true });
  });
  return world;
}
