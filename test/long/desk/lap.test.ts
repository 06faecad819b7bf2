import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { questionOf } from '../../../shared/ids.ts';
import { randomFrom, seedOf } from '../../../shared/seeds.ts';
import { PATHS } from '../../../workers/annotation-desk/pages/paths.ts';
import { lapWorld, type LapWorld } from '../../lapWorld.ts';
import { openBrowser, watchedPage } from './browser.ts';

/**
 * A lap whose questions three annotators and a lead answer at the desk, in browsers, by what a page shows: seats that
 * disagree, second scores with the analyses in view, and the desk, the worker and the server killed meanwhile.
 */
const ANNOTATORS = ['ada', 'emmy', 'kurt'];
const LEAD = 'lise';
const SETTINGS = [
  'domain.experts="people"',
  'domain.checker="none"',
  'annotation="assisted"',
  'coldStart.expertProofs=12',
  'labelling.auditShare=0.2',
  'experts.seats=2',
].flatMap((field) => ['--set', field]);
/** Killed once so many answers were taken. */
const KILLS = [
  [4, 'desk'],
  [10, 'worker'],
  [16, 'temporal'],
  [22, 'desk'],
] as const;

let world: LapWorld;
let browser: Browser;
let exit: number;
let said: string;
const faults: string[] = [];
/** What the desk said it had taken: whose, of which question, with which words. */
const taken: { readonly person: string; readonly page: string; readonly comment: string }[] = [];
const decided: string[] = [];
const killed: string[] = [];

beforeAll(async () => {
  world = await lapWorld();
  browser = await openBrowser();
  const tokens = new Map<string, string>();
  for (const id of [...ANNOTATORS, LEAD]) {
    const made = world.start('annotators', 'add', id, ...(id === LEAD ? ['--lead'] : []));
    expect(await made.exit).toBe(0);
    tokens.set(id, /desk_[\w-]+/.exec(made.output())?.[0] ?? '');
  }
  const command = world.start('lap', '--preset', 'smoke', ...SETTINGS);
  let isOver = false;
  void command.exit.then(() => (isOver = true));
  await Promise.all([
    ...ANNOTATORS.map((id) => sit(id, tokens.get(id) ?? '', () => isOver, answerNext)),
    sit(LEAD, tokens.get(LEAD) ?? '', () => isOver, decideNext),
    killInTurn(() => isOver),
  ]);
  exit = await command.exit;
  said = command.output();
}, 1_500_000);
afterAll(async () => {
  await browser.close();
  await world.dispose();
}, 180_000);

type Sitting = (page: Page, id: string) => Promise<'did' | 'nothing'>;

/** Does what waits, again and again; whatever a kill breaks is tried again from the start. */
async function sit(id: string, token: string, isOver: () => boolean, next: Sitting): Promise<void> {
  const { page, faults: own } = await watchedPage(browser, world.desk);
  page.setDefaultTimeout(20_000);
  while (!isOver()) {
    try {
      await page.goto(world.desk);
      if (page.url().includes('/sign-in')) {
        await page.getByLabel('Token').fill(token);
        await page.getByRole('button', { name: 'Sign in' }).click();
      }
      if ((await next(page, id)) === 'nothing') await sleep(1_000);
    } catch {
      await sleep(1_000); // the desk was killed, or is not there yet
    }
  }
  // What a killed desk leaves of requests is no fault of its pages.
  faults.push(...own.filter((fault) => !/net::ERR|status of (409|503|500)/.test(fault)));
}

async function answerNext(page: Page, id: string): Promise<'did' | 'nothing'> {
  const next = page.getByRole('button', { name: /Next question|Go on/ });
  if ((await next.count()) === 0) return 'nothing';
  await next.click();
  const submit = page.getByRole('button', { name: /^Submit/ });
  if ((await submit.count()) === 0) return 'nothing';
  const { pathname } = new URL(page.url());
  // Two of three agree on most questions.
  const random = randomFrom(seedOf(1, pathname, await page.getByRole('heading', { level: 1 }).innerText()));
  const usual = random();
  const own = id === 'emmy' && random() < 0.3 ? 1 - usual : usual;
  await page
    .getByRole('radio', { name: own < 0.5 ? /complete|every/ : /fatal|none/ })
    .last()
    .check();
  const comment = `because ${randomUUID()}`;
  await page.getByLabel('Rationale').fill(comment);
  await submit.click();
  if ((await saidNext(page)) === 'done') taken.push({ person: id, page: pathname, comment });
  return 'did';
}

async function decideNext(page: Page): Promise<'did' | 'nothing'> {
  await page.getByRole('link', { name: 'Lead' }).click();
  const dispute = page.getByRole('link', { name: /^(Decide|Look at it)/ }).first();
  if ((await dispute.count()) === 0) return 'nothing';
  await dispute.click();
  const submit = page.getByRole('button', { name: /^Submit|^Decide/ });
  if ((await submit.count()) === 0) return 'nothing';
  await page
    .getByRole('radio', { name: /complete|every/ })
    .last()
    .check();
  await page.getByLabel('Rationale').fill('the first line settles it');
  await submit.click();
  if ((await saidNext(page)) === 'done') decided.push(page.url());
  return 'did';
}

/** What the page after an action says of it. */
async function saidNext(page: Page): Promise<string | null> {
  const said = page.locator('[data-said]');
  await said.waitFor();
  return said.getAttribute('data-said');
}

async function killInTurn(isOver: () => boolean): Promise<void> {
  for (const [count, service] of KILLS) {
    while (!isOver() && taken.length < count) await sleep(200);
    if (isOver()) return;
    await world.kill('run', `${service}.json`);
    killed.push(service);
  }
}

test('the lap waits for its annotators, and goes on to its end', () => {
  if (exit !== 0) throw new Error(said);
  expect(said).toContain(world.desk);
  expect(killed.length).toBeGreaterThanOrEqual(3);
});

test('what the desk said it took is in the store, in its words, whatever was killed', async () => {
  const store = new FileStore(world.path('store'));
  const log = new ReviewLog(store);
  const questions = new Map<string, ReturnType<typeof questionOf>>();
  for await (const uri of store.list('reviews/')) {
    const id = uri.slice('reviews/'.length).replace(/\.jsonl$/, '');
    questions.set(PATHS.question(id), questionOf(id));
  }
  expect(taken.length).toBeGreaterThan(20);
  for (const { person, page, comment } of taken) {
    const { setId = '', question = '' } = questions.get(page) ?? {};
    const entries = await log.read(setId, question);
    const own = entries.filter((entry) => 'verdict' in entry && entry.verdict.annotator === person);
    expect(own.map((entry) => 'verdict' in entry && entry.verdict.comment)).toContain(comment);
    expect(entries.at(-1)).toMatchObject({ kind: 'result', result: { kind: 'scored' } });
  }
});

test('seats that disagreed were decided by the lead', () => expect(decided.length).toBeGreaterThan(0));

test('no page asked for anything elsewhere, broke its policy or failed', () => expect(faults).toEqual([]));
