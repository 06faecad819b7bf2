import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Annotators } from '../../../activities/reviews/annotators.ts';
import { FileStore } from '../../../activities/store/files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'annotators-'));
});
afterEach(() => rm(folder, { recursive: true }));

const people = (ageMs?: number) => new Annotators(new FileStore(folder), ageMs);

test('a token is its person, until the person is revoked; another token lets them in again', async () => {
  const annotators = people();
  const token = await annotators.add('ada', 'root');
  await annotators.add('ben', 'root', { isLead: true });
  expect(await annotators.withToken(token)).toEqual({ id: 'ada', isLead: false, isPaused: false, generation: 0 });
  expect(await annotators.withToken(`${token}x`)).toBeUndefined();
  expect(await annotators.withToken('')).toBeUndefined();

  await annotators.revoke('ada', 'ben');
  expect(await annotators.withToken(token)).toBeUndefined();
  expect(await annotators.find('ada')).toBeUndefined();
  expect(await annotators.find('ben')).toMatchObject({ id: 'ben', isLead: true });

  const another = await annotators.makeToken('ada', 'ben');
  expect(await annotators.withToken(another)).toMatchObject({ id: 'ada', generation: 1 });
  expect(await annotators.withToken(token)).toBeUndefined();
});

test('a person may have several tokens, and no token is kept', async () => {
  const annotators = people();
  const tokens = [await annotators.add('ada', 'root'), await annotators.makeToken('ada', 'root')];
  for (const token of tokens) {
    expect(await annotators.withToken(token)).toMatchObject({ id: 'ada' });
    expect(Buffer.from(token.slice('desk_'.length), 'base64url')).toHaveLength(32);
  }
  const files = await readdir(path.join(folder, 'annotators', 'ada'));
  const kept = await Promise.all(files.map((file) => readFile(path.join(folder, 'annotators', 'ada', file), 'utf8')));
  expect(files).toHaveLength(3);
  for (const token of tokens) expect(kept.join()).not.toContain(token.slice('desk_'.length));
});

test('every event says who did it and when, and none is ever changed', async () => {
  const annotators = people();
  await annotators.add('ada', 'root');
  await annotators.pause('ada', 'ben', true);
  await annotators.pause('ada', 'carla', true); // is paused already
  await annotators.setLead('ada', 'ben', true);
  await annotators.pause('ada', 'carla', false);
  const store = new FileStore(folder);
  const events: unknown[] = [];
  for await (const uri of store.list('annotators/ada/')) events.push(await store.readJson(uri));
  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
  expect(events).toEqual([
    { kind: 'made', isLead: false, by: 'root', at },
    { kind: 'tokenMade', hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, by: 'root', at },
    { kind: 'paused', isPaused: true, by: 'ben', at },
    { kind: 'lead', isLead: true, by: 'ben', at },
    { kind: 'paused', isPaused: false, by: 'carla', at },
  ]);
  expect(await annotators.list()).toMatchObject([{ id: 'ada', isLead: true, isPaused: false, isRevoked: false }]);
});

test('of processes that write at once none loses what it wrote, and one makes a person', async () => {
  const made = await Promise.allSettled([1, 2, 3, 4].map(() => people().add('ada', 'root')));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await Promise.all([1, 2, 3, 4, 5].map(() => people().makeToken('ada', 'root')));
  expect(await people().list()).toMatchObject([{ id: 'ada', tokens: 6 }]);
});

test('what another process revokes is known as soon as what was read is too old', async () => {
  const [desk, command] = [people(50), people()];
  await command.add('ada', 'root');
  expect(await desk.find('ada')).toBeDefined();
  await command.revoke('ada', 'root');
  while ((await desk.find('ada')) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await desk.list()).toMatchObject([{ id: 'ada', isRevoked: true, tokens: 0 }]);
});

test('a login is one person: not two with one address, nor somebody who was revoked', async () => {
  const annotators = people();
  await annotators.add('ada', 'root', { email: 'Ada@Example.org' });
  await annotators.add('ben', 'root', { subject: 'auth0|17' });
  expect(await annotators.withLogin({ email: 'ada@example.org' })).toMatchObject({ id: 'ada' });
  expect(await annotators.withLogin({ subject: 'auth0|17' })).toMatchObject({ id: 'ben' });
  expect(await annotators.withLogin({ email: 'eve@example.org' })).toBeUndefined();
  await expect(annotators.add('eve', 'root', { email: 'ada@example.org' })).rejects.toThrow('nobody else has');
  await expect(annotators.setLogin('ben', 'root', { email: 'no address' })).rejects.toThrow('like ada@example.org');
  await annotators.revoke('ada', 'root');
  expect(await annotators.withLogin({ email: 'ada@example.org' })).toBeUndefined();
});

test.each([
  '',
  ' ada',
  'ada ',
  'a/b',
  '/ada',
  '.',
  '..',
  'a\nb',
  'a\u007fb',
  '\ud800',
  'x'.repeat(201),
  'ü'.repeat(40),
])('%j is no id of an annotator', async (id) => {
  await expect(people().add(id, 'root')).rejects.toThrow('Expected an annotator');
  expect(await people().list()).toEqual([]);
});

test.each(['ada', 'ada@example.org', 'Ada Lovelace', 'auth0|17', '%2F', 'Эмми', '...'])(
  '%j is an id of an annotator',
  async (id) => {
    await people().add(id, 'root');
    expect(await people().list()).toMatchObject([{ id }]);
  },
);

test('who is not there is refused by name', async () => {
  const annotators = people();
  await expect(annotators.revoke('ada', 'root')).rejects.toThrow('Expected an annotator, got "ada": there is none');
  await annotators.add('ben', 'root');
  await expect(annotators.pause('ada', 'root', true)).rejects.toThrow('Expected an annotator, got "ada": ben');
  await expect(annotators.add('ben', 'root')).rejects.toThrow('Expected an id that nobody has, got "ben"');
});
