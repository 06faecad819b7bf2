import { setTimeout as sleep } from 'node:timers/promises';
import { Annotators } from '../../../activities/reviews/annotators.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';
import { Browser, csrfIn } from './browser.ts';
import { ADDRESS, openWorld, type World } from './signInWorld.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.app.close());

async function signedIn(id = 'ada', options: { isLead?: boolean } = {}): Promise<Browser> {
  const browser = new Browser(world.app);
  expect((await browser.signIn(await world.people.add(id, 'root', options))).statusCode).toBe(303);
  return browser;
}

test('who is not signed in is sent to do so, and back to where they were going', async () => {
  const browser = new Browser(world.app);
  const token = await world.people.add('ada', 'root');
  const asked = await browser.get('/?set=main%2Flap-0001');
  expect(asked.statusCode).toBe(303);
  expect(asked.headers.location).toBe('/sign-in?next=%2F%3Fset%3Dmain%252Flap-0001');
  const page = await browser.get(String(asked.headers.location));
  const [, next = ''] = /name="next" value="([^"]+)"/.exec(page.body) ?? [];
  const reply = await browser.post('/sign-in', { _csrf: csrfIn(page.body), token, next });
  expect([reply.statusCode, reply.headers.location]).toEqual([303, '/?set=main%2Flap-0001']);
  expect((await browser.get('/')).body).toContain('<p>ada</p>');
  expect((await browser.get('/sign-in')).headers.location).toBe('/');
});

test('a wrong token opens nothing, and says what to do', async () => {
  await world.people.add('ada', 'root');
  const browser = new Browser(world.app);
  const reply = await browser.signIn('desk_wrong');
  expect(reply.statusCode).toBe(401);
  expect(reply.body).toContain('Ask who leads the scoring for another');
  expect((await browser.get('/')).statusCode).toBe(303);
});

test('signing out ends it', async () => {
  const browser = await signedIn();
  expect((await browser.fill('/', '/sign-out')).headers.location).toBe('/sign-in');
  expect((await browser.get('/')).statusCode).toBe(303);
});

test('a person who is revoked is signed out, also when they get another token', async () => {
  const browser = await signedIn();
  await world.people.revoke('ada', 'root');
  expect((await browser.get('/')).statusCode).toBe(303);
  const token = await world.people.makeToken('ada', 'root');
  expect((await browser.get('/')).statusCode).toBe(303);
  expect((await browser.signIn(token)).statusCode).toBe(303);
  expect((await browser.get('/')).statusCode).toBe(200);
});

test("another process's revocation takes effect within the age of what is read", async () => {
  const store = new MemoryStore();
  await world.app.close();
  world = await openWorld({ people: new Annotators(store, 100) });
  const browser = await signedIn();
  await new Annotators(store).revoke('ada', 'root');
  while ((await browser.get('/')).statusCode === 200) await sleep(10);
});

test('only a lead sees what is for leads', async () => {
  const [ada, ben] = [await signedIn('ada'), await signedIn('ben', { isLead: true })];
  expect((await ada.get('/lead')).statusCode).toBe(403);
  expect((await ben.get('/lead')).json()).toEqual({ lead: 'ben' });
  expect((await new Browser(world.app).get('/lead')).statusCode).toBe(303);
  await world.people.setLead('ben', 'root', false);
  expect((await ben.get('/lead')).statusCode).toBe(403);
});

test('who acts is who is signed in, whatever the request says', async () => {
  const browser = await signedIn();
  await world.people.add('ben', 'root', { isLead: true });
  const reply = await browser.fill('/', '/say?annotator=ben', {
    annotator: 'ben',
    id: 'ben',
    person: 'ben',
    isLead: 'true',
  });
  expect(reply.json()).toEqual({ by: { id: 'ada', isLead: false, isPaused: false } });
});

test.each([
  ['without a token', {}, {}],
  ['with a token of nobody', { _csrf: 'abc-defghijk-lmn' }, {}],
  ['from another site', 'own', { origin: 'https://evil.example' }],
  ['from a page that hides where it is', 'own', { origin: 'null' }],
  ['from another port, to this one', 'own', { origin: 'http://127.0.0.1:9', host: '127.0.0.1:41731' }],
  ['from a site of another name', 'own', { 'sec-fetch-site': 'cross-site' }],
  ['from a neighbouring site', 'own', { 'sec-fetch-site': 'same-site' }],
])('nothing is done by a form %s', async (_name, fields, headers) => {
  const browser = await signedIn();
  const ticket = csrfIn((await browser.get('/')).body);
  const reply = await browser.post(
    '/say',
    fields === 'own' ? { _csrf: ticket } : (fields as Record<string, string>),
    headers,
  );
  expect(reply.statusCode).toBe(403);
  expect((await browser.post('/say', { _csrf: ticket }, { origin: ADDRESS })).statusCode).toBe(200);
});

test("a form's token is its person's: another's does nothing, nor one of before signing in", async () => {
  const [ada, ben] = [await signedIn('ada'), await signedIn('ben')];
  const ofBen = csrfIn((await ben.get('/')).body);
  expect((await ada.post('/say', { _csrf: ofBen })).statusCode).toBe(403);
  // with the cookie that it belongs to, which another site on the host may set
  for (const [name, value] of ben.cookies) if (name.endsWith('form')) ada.cookies.set(name, value);
  expect((await ada.post('/say', { _csrf: ofBen })).statusCode).toBe(403);

  const browser = new Browser(world.app);
  const before = csrfIn((await browser.get('/sign-in')).body);
  await browser.signIn(await world.people.makeToken('ada', 'root'));
  expect((await browser.post('/say', { _csrf: before })).statusCode).toBe(403);
});

test('who is no longer signed in hears so when they send a form', async () => {
  const browser = await signedIn();
  const ticket = csrfIn((await browser.get('/')).body);
  await world.people.revoke('ada', 'root');
  const reply = await browser.post('/say', { _csrf: ticket });
  expect(reply.statusCode).toBe(401);
  expect(reply.body).toContain('sign in again');
});

test("the desk's own names of this machine, and a tunnel to it, are the desk", async () => {
  const browser = await signedIn();
  const ticket = csrfIn((await browser.get('/')).body);
  for (const host of ['localhost:41731', '127.0.0.1:41731', 'localhost:9000', '[::1]:41731'])
    expect((await browser.post('/say', { _csrf: ticket }, { origin: `http://${host}`, host })).statusCode).toBe(200);
});

test('over https cookies are of this host alone, are not for programs, and end after twelve hours', async () => {
  await world.app.close();
  world = await openWorld({ address: 'https://desk.example.org' });
  const browser = new Browser(world.app);
  const reply = await browser.signIn(await world.people.add('ada', 'root'));
  expect(reply.cookies.find(({ name }) => name === '__Host-desk-session')).toMatchObject({
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: true,
    maxAge: 12 * 3600,
  });
  const ticket = csrfIn((await browser.get('/')).body);
  const from = (origin: string) => browser.post('/say', { _csrf: ticket }, { origin, host: 'localhost:41731' });
  expect((await from('https://desk.example.org')).statusCode).toBe(200);
  expect((await from('http://localhost:41731')).statusCode).toBe(403);
});

test('the log says who did what, and never a token, a text or a cookie', async () => {
  const browser = new Browser(world.app);
  const token = await world.people.add('ada', 'root');
  await browser.signIn(token);
  const ticket = csrfIn((await browser.get('/')).body);
  await browser.post('/say', { _csrf: ticket, comment: 'the third step is wrong' });
  await new Browser(world.app).signIn('desk_mistyped-token');
  const log = world.log.join('');
  expect(JSON.parse(world.log.findLast((line) => line.includes('"action":"/say"')) ?? '{}')).toMatchObject({
    person: 'ada',
    status: 200,
  });
  for (const secret of [token, 'mistyped', 'third step', ticket, ...browser.cookies.values()])
    expect(log).not.toContain(secret);
});
