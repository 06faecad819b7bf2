import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

jest.setTimeout(60_000); // machines under load start processes slowly

let stateDir: string;
const running: (() => Promise<void>)[] = [];
beforeEach(async () => {
  stateDir = await mkdtemp(path.join(tmpdir(), 'flywheel-owner-'));
});
afterEach(async () => {
  for (const kill of running.splice(0)) await kill();
  await rm(stateDir, { recursive: true });
});

/** A command, a process of its own, that has said that it needs the stack. */
async function command({ started = false, detached = false } = {}) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'test/workers/stack/command.ts', String(started), String(detached)],
    { env: { ...process.env, FLYWHEEL_STATE: stateDir }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  running.push(kill);
  expect(await line()).toBe('joined');
  return {
    pid: child.pid,
    kill,
    async leave(): Promise<unknown> {
      child.stdin.write('\n');
      const leaving = await line();
      await exited;
      return leaving;
    },
  };
}

test('the stack goes with the command that started it, not with others', async () => {
  const first = await command({ started: true });
  const second = await command();
  expect(await second.leave()).toEqual({ kind: 'not mine' });
  expect(await first.leave()).toEqual({ kind: 'last' });
});

test('the first of two to end leaves the stack to the second, with which it goes', async () => {
  const first = await command({ started: true });
  const second = await command();
  expect(await first.leave()).toEqual({ kind: 'handed over', pid: second.pid });
  expect(await second.leave()).toEqual({ kind: 'last' });
});

test('a command that was killed inherits nothing', async () => {
  const [first, second, third] = [await command({ started: true }), await command(), await command()];
  await second.kill();
  expect(await first.leave()).toEqual({ kind: 'handed over', pid: third.pid });
  await third.kill();
  expect(await (await command()).leave()).toEqual({ kind: 'last' });
});

test.each([true, false])(
  'who wants the stack to stay keeps it from going with any (started by it: %p)',
  async (its) => {
    const commands = [await command({ started: true, detached: its }), await command({ detached: !its })];
    for (const each of commands) expect(await each.leave()).toEqual({ kind: 'not mine' });
  },
);
