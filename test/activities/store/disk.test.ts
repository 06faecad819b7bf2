import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { Journal } from '../../../activities/store/journal.ts';
import { DiskRefused, onceThereIsRoom } from '../../../activities/store/refusals.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { heals } from '../../../shared/failures.ts';

/** What disks do, and what a store in a folder makes of it. */

const folder = (): Promise<string> => fs.mkdtemp(path.join(tmpdir(), 'flywheel-disk-'));
const script = path.join(process.cwd(), 'test/activities/store/diskWriter.ts');
const node = [process.execPath, '--import', 'tsx', script];

interface Told {
  readonly big: string;
  readonly append: string;
  readonly small: string;
  readonly left: string[];
}

/** What the writer tells in a shell that has prepared its folder, `$1`. */
async function writer(shell: readonly [string, ...string[]], prepare: string): Promise<Told> {
  const [command, ...args] = shell;
  const run = [...args, '-c', `${prepare} && folder=$1 && shift && exec "$@" "$folder"`, 'sh', await folder(), ...node];
  const { stdout, stderr } = spawnSync(command, run, { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Told;
}

/** A mount of one's own, which not every machine allows. */
const own = ['unshare', '-rm', 'sh'] as const;
const mounts = spawnSync(own[0], [...own.slice(1), '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;

describe.each([
  ['of too large a file', ['sh'] as const, "trap '' XFSZ && ulimit -f 2048", 'EFBIG', true],
  ...(mounts
    ? ([
        ['of a full disk', own, 'mount -t tmpfs -o size=2m tmpfs "$1"', 'ENOSPC', true],
        ['of a read-only disk', own, 'mount -t tmpfs -o ro tmpfs "$1"', 'EROFS', false],
      ] as const)
    : []),
] as const)('a refusal %s', (_, shell, prepare, code, hasRoom) => {
  let told: Told;
  beforeAll(async () => {
    told = await writer(shell, prepare);
  });

  test('is told as what it is', () => {
    expect(told.big).toMatch(new RegExp(`^DiskRefused: Cannot write .*big\\.jsonl \\(${code}\\): `));
    expect(told.append).toMatch(new RegExp(`^DiskRefused: Cannot write .*\\(${code}\\)`));
  });
  test('leaves nothing half written, and room for what is small', () => {
    expect(told.left).toEqual(hasRoom ? ['logs/a.jsonl', 'logs/a.jsonl.lock', 'small.json'] : []);
    expect(told.small).toMatch(hasRoom ? /^written$/ : /^DiskRefused/);
  });
});

test.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG'])(
  'an activity whose write ends with %s is tried again',
  async (code) => {
    const store = new FileStore(await folder());
    const rename = jest.spyOn(fs, 'rename').mockRejectedValueOnce(Object.assign(new Error(code), { code }));
    const error = await store.writeJson('a.json', {}).catch((thrown: unknown) => thrown);
    rename.mockRestore();
    expect(error).toBeInstanceOf(DiskRefused);
    expect(ApplicationFailure.fromError(error as Error)).toMatchObject({ type: 'DiskRefused', nonRetryable: false });
    expect(heals('DiskRefused')).toBe(true);
    await store.writeJson('a.json', {});
    expect(await fs.readdir(store.root)).toEqual(['a.json']);
  },
);

test('what is tried a few times only waits for room, and for nothing else, until it is told to stop', async () => {
  const full = new DiskRefused('a', 'ENOSPC');
  const work = jest.fn().mockRejectedValueOnce(full).mockRejectedValueOnce(full).mockResolvedValue('done');
  const stop = new AbortController();
  expect(await onceThereIsRoom(work, stop.signal, 1)).toBe('done');
  expect(work).toHaveBeenCalledTimes(3);
  await expect(onceThereIsRoom(() => Promise.reject(new Error('broken')), stop.signal, 1)).rejects.toThrow('broken');
  const waiting = onceThereIsRoom(() => Promise.reject(full), stop.signal, 600_000);
  stop.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
});

test('what a killed process left unfinished is swept; what others write stays', async () => {
  const root = await folder();
  const child = spawn(node[0] as string, [...node.slice(1), root, 'hang'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const unfinished = (): Promise<string[]> => fs.readdir(path.join(root, 'datasets'));
  const [its = ''] = await unfinished();
  const another = its.replace(/~[^~]+~/, '~another-host~');
  const yesterday = `.${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.tmp`;
  for (const name of [another, yesterday]) await fs.writeFile(path.join(root, 'datasets', name), 'half');
  await fs.utimes(path.join(root, 'datasets', yesterday), 0, 0);

  await new FileStore(root).writeJson('a.json', {});
  expect((await unfinished()).sort()).toEqual([its, another].sort());
  child.kill('SIGKILL');
  await once(child, 'exit');
  await new FileStore(root).writeJson('a.json', {});
  expect(await unfinished()).toEqual([another]);
});

describe('before a write is believed', () => {
  const events: string[] = [];
  const { open, rename, link } = fs;
  beforeEach(() => {
    events.length = 0;
    jest.spyOn(fs, 'open').mockImplementation(async (...args) => {
      const file = await open(...args);
      const name = path.basename(String(args[0])).replace(/^\..*\.tmp$/, 'unfinished');
      for (const how of ['sync', 'datasync'] as const) {
        const real = file[how].bind(file);
        file[how] = async () => (await real(), void events.push(`${how} ${name}`));
      }
      return file;
    });
    jest.spyOn(fs, 'rename').mockImplementation(async (...args) => (events.push('rename'), rename(...args)));
    jest.spyOn(fs, 'link').mockImplementation(async (...args) => (events.push('link'), link(...args)));
  });
  afterEach(() => jest.restoreAllMocks());

  const opened = async (): Promise<FileStore> => {
    const store = new FileStore(await folder());
    await store.writeJson('d/first.json', {});
    events.length = 0;
    return store;
  };

  test('its bytes are on the disk before its name, and its name before it resolves; of rows, too', async () => {
    const store = await opened();
    await store.writeJsonl('d/a.jsonl', [1, 2]);
    expect(events).toEqual(['sync unfinished', 'rename', 'sync d']);
    events.length = 0;
    await store.create('d/b', 'x');
    expect(events).toEqual(['sync unfinished', 'link', 'sync d']);
  });

  test('a folder that was made for it is on the disk as well', async () => {
    const store = await opened();
    await store.write('d/e/f', 'x');
    expect(events).toEqual(['sync d', 'sync unfinished', 'rename', 'sync e']);
  });

  test('so is a journal’s line, and its own name; where a kill alone is outlasted, nothing is', async () => {
    const store = await opened();
    const isOne = (): boolean => true;
    const journal = await Journal.open<object>(store, 'd/log', { lines: { what: 'a line', remedy: '', isOne } });
    expect(events).toEqual(['link', 'sync d']);
    await journal.append({});
    expect(events.slice(2)).toEqual(['datasync log']);
    await journal.close();
    events.length = 0;
    const lines = { what: 'a line', remedy: '', isOne, outlasts: 'a kill' } as const;
    const ledger = await Journal.open<object>(store, 'd/log', { lines });
    await ledger.append({});
    await ledger.close();
    expect(events).toEqual(['link']);
  });

  test('a disk whose folders cannot be synced is one that does it by itself', async () => {
    const store = await opened();
    jest.spyOn(fs, 'open').mockImplementation(async (...args) => {
      const file = await open(...args);
      if (args[1] === 'r') file.sync = () => Promise.reject(Object.assign(new Error(), { code: 'EINVAL' }));
      return file;
    });
    await store.writeJson('d/a.json', {});
    expect(await store.readJson('d/a.json')).toEqual({});
  });
});
