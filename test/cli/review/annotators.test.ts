import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Annotators } from '../../../activities/reviews/annotators.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { config } from '../../../temporal.config.ts';

const state = mkdtempSync(path.join(tmpdir(), 'flywheel-annotators-'));
const people = new Annotators(new FileStore(path.join(state, 'store')), 0);

function annotators(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(config.root, 'cli', 'flywheel.mjs'), 'annotators', ...args],
    { encoding: 'utf8', cwd: config.root, env: { ...process.env, FLYWHEEL_STATE: state, FLYWHEEL_DESK_PORT: '41732' } },
  );
  return { status, stdout, stderr };
}

test('people are let in, paused, made leads and shut out by a command', async () => {
  expect(annotators('list').stdout).toBe('Nobody may sign in yet: `flywheel annotators add NAME`.\n');

  const added = annotators('add', 'ada', '--email', 'ada@example.org');
  expect(added.stdout).toMatch(/^ada signs in at http:\/\/127\.0\.0\.1:41732 with this token\..*\ndesk_[\w-]{43}\n$/);
  const [, token = ''] = added.stdout.split('\n');
  expect(await people.withToken(token)).toMatchObject({ id: 'ada', isLead: false });

  const another = JSON.parse(annotators('token', 'ada', '--json').stdout) as { token: string };
  expect(await people.withToken(another.token)).toMatchObject({ id: 'ada' });

  expect(annotators('pause', 'ada').status).toBe(0);
  expect(annotators('lead', 'ada').status).toBe(0);
  expect(JSON.parse(annotators('list', '--json').stdout)).toEqual([
    {
      id: 'ada',
      isLead: true,
      isPaused: true,
      isRevoked: false,
      since: expect.any(String),
      tokens: 2,
      email: 'ada@example.org',
    },
  ]);

  expect(annotators('revoke', 'ada').stdout).toBe('ada is signed out within seconds, and has no token.\n');
  expect(await people.withToken(token)).toBeUndefined();
  expect(annotators('list').stdout).toMatch(/^ada {2}since \S+ {2}0 tokens {2}lead {2}paused {2}revoked {2}ada@/);
});

test.each([
  [['add', 'a/b'], "Expected an annotator's id of 1 to 200 characters"],
  [['revoke', 'emmy'], 'Expected an annotator, got "emmy": ada'],
])('flywheel annotators %j is refused by name, with 2', (args, message) => {
  const { status, stdout, stderr } = annotators(...args);
  expect(stderr).toContain(message);
  expect([status, stdout]).toEqual([2, '']);
});
