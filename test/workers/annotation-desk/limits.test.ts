import { Annotators } from '../../../activities/reviews/annotators.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';
import { Browser, csrfIn } from './browser.ts';
import { openWorld, type World } from './signInWorld.ts';

let world: World;
let minutes: number;
beforeEach(async () => {
  const start = Date.now();
  minutes = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => start + minutes * 60_000); // however slow the machine is
  world = await openWorld();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await world.app.close();
});

test('who tries tokens has to wait, whichever they try, and others do not', async () => {
  const token = await world.people.add('ada', 'root');
  const browser = new Browser(world.app, {}, '10.0.0.1');
  const ticket = csrfIn((await browser.get('/sign-in')).body);
  const tried: number[] = [];
  for (let number = 10; number < 32; number += 1)
    tried.push((await browser.post('/sign-in', { _csrf: ticket, token: `desk_${number}-wrong` })).statusCode);
  expect(tried).toEqual([...Array<number>(20).fill(401), 429, 429]);
  const refused = await browser.post('/sign-in', { _csrf: ticket, token });
  expect(refused.statusCode).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect(refused.body).toMatch(/wait \d+ seconds/);
  expect((await new Browser(world.app, {}, '10.0.0.2').signIn(token)).statusCode).toBe(303);
  minutes += 1;
  expect((await browser.post('/sign-in', { _csrf: ticket, token })).statusCode).toBe(303);
});

test('one token is tried a few times, from however many addresses', async () => {
  const tried: number[] = [];
  for (let address = 1; address <= 7; address += 1)
    tried.push((await new Browser(world.app, {}, `10.0.0.${address}`).signIn('desk_the-same-token')).statusCode);
  expect(tried).toEqual([401, 401, 401, 401, 401, 429, 429]);
});

test('fifty people behind one address sign in, and act and read as people do, and nobody is refused', async () => {
  await world.app.close();
  world = await openWorld({ people: new Annotators(new MemoryStore()) });
  const browsers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const browser = new Browser(world.app, {}, '10.0.0.1');
      expect((await browser.signIn(await world.people.add(`person-${index}`, 'root'))).statusCode).toBe(303);
      return browser;
    }),
  );
  // what they do in a minute
  const codes = browsers.map(async (browser) => {
    const seen: number[] = [];
    for (let action = 0; action < 6; action += 1) {
      const page = await browser.get('/');
      for (let more = 0; more < 5; more += 1) seen.push((await browser.get('/')).statusCode);
      seen.push((await browser.post('/say', { _csrf: csrfIn(page.body) })).statusCode);
    }
    return seen;
  });
  expect(new Set((await Promise.all(codes)).flat())).toEqual(new Set([200]));
});

test('a person, or an address, that asks without end is refused, and the others are not', async () => {
  const [ada, ben, nobody] = [1, 2, 3].map(() => new Browser(world.app, {}, '10.0.0.1')) as [Browser, Browser, Browser];
  await ada.signIn(await world.people.add('ada', 'root'));
  await ben.signIn(await world.people.add('ben', 'root'));
  const asked: number[] = [];
  for (let number = 0; number < 602; number += 1) asked.push((await ada.get('/')).statusCode);
  expect(asked).toEqual([...Array<number>(600).fill(200), 429, 429]);
  expect((await ben.get('/')).statusCode).toBe(200);
  for (let number = 0; number < 600; number += 1) await nobody.get('/sign-in');
  expect((await nobody.get('/sign-in')).statusCode).toBe(429);
  expect((await ben.get('/')).statusCode).toBe(200);
});

test('behind a proxy the address is the one that the proxy saw, whatever a browser claims', async () => {
  await world.app.close();
  world = await openWorld({ address: 'https://desk.example.org' });
  const codes: number[] = [];
  for (let number = 0; number < 22; number += 1) {
    const claimed = { 'x-forwarded-for': `203.0.113.${number}, 198.51.100.7` };
    codes.push((await new Browser(world.app, claimed).signIn(`desk_${number + 10}-wrong`)).statusCode);
  }
  expect(codes.at(-1)).toBe(429);
  const other = { 'x-forwarded-for': '198.51.100.8' };
  expect((await new Browser(world.app, other).signIn('desk_other-wrong')).statusCode).toBe(401);
});
