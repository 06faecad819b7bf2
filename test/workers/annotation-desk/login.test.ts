import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { freePort } from '../../../activities/processes/ports.ts';
import { config } from '../../../temporal.config.ts';
import type { LoginSettings } from '../../../workers/annotation-desk/loginService.ts';
import { openWorld, type World } from './signInWorld.ts';

/** A browser over real HTTP: follows redirects between desk and login service, with the cookies of each. */
class Visitor {
  readonly cookies = new Map<string, Map<string, string>>();
  /** Where the browser was sent. */
  readonly seen: string[] = [];

  async open(url: string, form?: Record<string, string>): Promise<{ status: number; url: string; body: string }> {
    const { origin } = new URL(url);
    const jar = this.cookies.get(origin) ?? new Map<string, string>();
    this.cookies.set(origin, jar);
    this.seen.push(url);
    const reply = await fetch(url, {
      redirect: 'manual',
      headers: {
        cookie: [...jar].map((pair) => pair.join('=')).join('; '),
        connection: 'close', // each test has a desk of its own on the one port that the login service knows
        ...(form && { origin }),
      },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    const next = reply.headers.get('location');
    if (next !== null) return this.open(new URL(next, url).href);
    return { status: reply.status, url, body: await reply.text() };
  }

  /** Through the login service's own pages: who one is, and that the desk may know. */
  async logIn(as: string, next = '/'): Promise<{ status: number; url: string; body: string }> {
    const asked = await this.open(`${desk}/sign-in/oidc?next=${encodeURIComponent(next)}`);
    const consent = await this.open(actionOf(asked), { prompt: 'login', login: as, password: 'any' });
    return this.open(actionOf(consent), { prompt: 'consent' });
  }
}

function actionOf({ url, body }: { url: string; body: string }): string {
  const [, action = ''] = /<form[^>]* action="([^"]+)"/.exec(body) ?? [];
  if (!action.startsWith(issuer)) throw new Error(`Expected a form of the login service, got ${url}: ${body}`);
  return action;
}

let world: World;
let provider: ChildProcess;
let issuer: string;
let desk: string;
let settings: LoginSettings;

beforeAll(async () => {
  const [deskPort, providerPort] = [await freePort(), await freePort()];
  desk = `http://127.0.0.1:${deskPort}`;
  issuer = `http://127.0.0.1:${providerPort}`;
  settings = { issuer, clientId: 'desk', clientSecret: 'a secret with: %, + and /', claim: 'email' };
  const script = path.join(config.root, 'test/workers/annotation-desk/loginProvider.ts');
  provider = spawn(
    process.execPath,
    ['--import', 'tsx', script, String(providerPort), `${desk}/sign-in/oidc/callback`],
    { cwd: config.root, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
  );
  await once(provider, 'message');
});
afterAll(async () => {
  const ended = once(provider, 'exit');
  provider.kill();
  await ended;
});

async function openDesk(more: Partial<LoginSettings> = {}): Promise<void> {
  world = await openWorld({ address: desk, login: { ...settings, ...more } });
  await world.app.listen({ host: '127.0.0.1', port: Number(new URL(desk).port) });
}
afterEach(() => world.app.close());

test('whose address the login service has verified is the annotator with that address, and goes on where they were', async () => {
  await openDesk();
  await world.people.add('ada', 'root', { email: 'Ada@example.org' });
  const visitor = new Visitor();
  expect((await visitor.open(`${desk}/lead?of=1`)).body).toContain(
    `<a class="button" href="/sign-in/oidc?next=%2Flead%3Fof%3D1">`,
  );
  const { status, url, body } = await visitor.logIn('ada@example.org', '/?of=1');
  expect([status, url]).toEqual([200, `${desk}/?of=1`]);
  expect(body).toContain('<p>ada</p>');
  const asked = new URL(visitor.seen.find((one) => one.startsWith(`${issuer}/auth?`)) ?? '');
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    state: expect.any(String),
    nonce: expect.any(String),
  });
  const callback = new URL(visitor.seen.find((one) => one.startsWith(`${desk}/sign-in/oidc/callback`)) ?? '');
  const code = callback.searchParams.get('code') ?? '';
  expect(code.length).toBeGreaterThan(20);
  expect(world.log.join('')).not.toContain(code);
});

test('whom the login service knows and the desk does not is refused by name, told whom to ask, and not made', async () => {
  await openDesk();
  await world.people.add('ada', 'root', { email: 'ada@example.org' });
  const { status, body } = await new Visitor().logIn('eve@example.org');
  expect(status).toBe(403);
  expect(body).toContain('eve@example.org may not score here: ask who leads the scoring');
  expect((await world.people.list()).map(({ id }) => id)).toEqual(['ada']);
});

test('an address that nobody has verified is nobody', async () => {
  await openDesk();
  await world.people.add('ada', 'root', { email: 'unverified@example.org' });
  const { status, body } = await new Visitor().logIn('unverified@example.org');
  expect(status).toBe(403);
  expect(body).toContain('has not verified your address unverified@example.org');
});

test('where settings say so the service’s own name for a person counts, and an address does not', async () => {
  await openDesk({ claim: 'sub' });
  await world.people.add('ada', 'root', { subject: 'user-17' });
  await world.people.add('ben', 'root', { email: 'user-18@example.org' });
  expect((await new Visitor().logIn('user-17')).body).toContain('<p>ada</p>');
  expect((await new Visitor().logIn('user-18@example.org')).status).toBe(403);
});

test('who is revoked is signed out, and cannot come back by login', async () => {
  await openDesk();
  await world.people.add('ada', 'root', { email: 'ada@example.org' });
  const visitor = new Visitor();
  await visitor.logIn('ada@example.org');
  await world.people.revoke('ada', 'root');
  expect((await visitor.open(`${desk}/`)).url).toContain('/sign-in?next=');
  expect((await new Visitor().logIn('ada@example.org')).status).toBe(403);
});

test('a login that another browser began, or that was answered already, signs nobody in', async () => {
  await openDesk();
  await world.people.add('ada', 'root', { email: 'ada@example.org' });
  const visitor = new Visitor();
  await visitor.logIn('ada@example.org');
  const callback = visitor.seen.find((one) => one.startsWith(`${desk}/sign-in/oidc/callback`)) ?? '';
  for (const other of [visitor, new Visitor()]) {
    const { status, body } = await other.open(callback);
    expect(status).toBe(400);
    expect(body).toContain('begin again');
  }
  // begun there, too: state, nonce and verifier are another login's
  const victim = new Visitor();
  await victim.open(`${desk}/sign-in/oidc`);
  expect((await victim.open(callback)).status).toBe(502);
  expect((await victim.open(`${desk}/`)).url).toContain('/sign-in?next=');
});

test('who says no at the login service is told so, and may try again', async () => {
  await openDesk();
  const visitor = new Visitor();
  const asked = await visitor.open(`${desk}/sign-in/oidc`);
  const [, abort = ''] = /href="([^"]+\/abort)"/.exec(asked.body) ?? [];
  const { status, body } = await visitor.open(abort);
  expect(status).toBe(403);
  expect(body).toContain('says access_denied');
  expect(body).toContain('Sign in with');
});

test('where the login service does not answer, tokens still sign in', async () => {
  await openDesk({ issuer: `http://127.0.0.1:${await freePort()}` });
  const visitor = new Visitor();
  const { status, body } = await visitor.open(`${desk}/sign-in/oidc`);
  expect(status).toBe(502);
  const [, ticket = ''] = /name="_csrf" value="([^"]+)"/.exec(body) ?? [];
  const token = await world.people.add('ada', 'root');
  expect((await visitor.open(`${desk}/sign-in`, { _csrf: ticket, token, next: '/' })).body).toContain('<p>ada</p>');
});
