import { mkdirSync, mkdtempSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { freePort } from '../../../activities/processes/ports.ts';
import { launchOnce, terminate, type ProcessRecord } from '../../../activities/processes/records.ts';

/** A proxy at which nobody answers. */
const NOWHERE = 'http://127.0.0.1:9';
const before = { ...process.env };
const running: ProcessRecord[] = [];
afterEach(async () => {
  process.env = { ...before };
  for (const record of running.splice(0)) await terminate(record, { graceMs: 5_000 });
});

test.each(['run#1', 'a?b%20c%', 'it\'s "ü" $x', 'two\nlines'])(
  'in the state folder %j the server’s database lies in it, and no proxy is asked on the way to it',
  async (name) => {
    const above = mkdtempSync(path.join(tmpdir(), 'flywheel-odd-'));
    const state = path.join(above, name);
    mkdirSync(state);
    const temporal = await freePort();
    Object.assign(process.env, {
      FLYWHEEL_STATE: state,
      FLYWHEEL_TEMPORAL_PORT: String(temporal),
      TEMPORAL_CONFIG_FILE: path.join(above, 'temporal.toml'),
      ...Object.fromEntries(['http', 'https', 'all', 'grpc'].map((each) => [`${each}_proxy`, NOWHERE])),
      HTTP_PROXY: NOWHERE,
      HTTPS_PROXY: NOWHERE,
    });
    for (const list of ['no_proxy', 'NO_PROXY', 'no_grpc_proxy']) delete process.env[list];
    jest.resetModules();
    const { launchOfServer, serverAnswers } = await import('../../../workers/stack/temporalServer.ts');
    const { config } = await import('../../../temporal.config.ts');
    const ui = await freePort();
    running.push(await launchOnce(launchOfServer(config.temporal.cliPath ?? 'temporal', { temporal, ui })));
    while (!(await serverAnswers())) await sleep(100);
    await (await NativeConnection.connect(config.temporal.connection)).close();
    expect(await readdir(above)).toEqual([name]);
    expect(await readdir(state)).toContain('temporal.db');
  },
);
