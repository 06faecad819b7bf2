import type { Browser } from 'playwright-core';
import { fakeWorld, rowOf, type FakeWorld } from '../../workers/annotation-desk/fakeWorld.ts';
import { openBrowser } from './browser.ts';
import { pathOf, signedIn } from './signedIn.ts';

let browser: Browser;
let world: FakeWorld;
beforeAll(async () => {
  [browser, world] = await Promise.all([openBrowser(), fakeWorld()]);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const send = (id: string, name: string, sent: object) =>
  world.reviews.send(id, { type: 'update', name } as never, sent);

test('a lead sees two answers side by side, and decides by keys', async () => {
  const id = world.reviews.ask(rowOf('disputed'));
  await send(id, 'submitVerdict', { annotator: 'ada', score: 1, comment: 'Nothing is missing.' });
  await send(id, 'submitVerdict', { annotator: 'carl', score: 0.5, comment: 'Line 27 is a claim.', lines: [27] });
  const { page, faults, context } = await signedIn(browser, world, 'emmy');
  await page.goto(`${world.origin}/lead`);
  const [one, other] = await page.locator('.seat').allInnerTexts();
  expect(one).toMatch(/ada\s+1\s+Nothing is missing\./);
  expect(other).toMatch(/carl\s+½\s+Line 27 is a claim\.\s+About line 27/);
  await page.keyboard.press('n');
  await page.waitForURL(world.origin + pathOf(id));
  for (const key of ['5', 'r']) await page.keyboard.press(key);
  await page.keyboard.type('It is a claim, and easily supplied.');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Decided.').waitFor();
  expect(world.reviews.sent.at(-1)).toMatchObject({
    workflowId: id,
    name: 'adjudicate',
    sent: { annotator: 'emmy', score: 0.5, comment: 'It is a claim, and easily supplied.' },
  });
  expect(faults).toEqual([]);
  await context.close();
});

test('a lead pauses a person, who is told so and gets no further question', async () => {
  world.reviews.ask(rowOf('waiting'));
  const lead = await signedIn(browser, world, 'emmy');
  await lead.page.goto(`${world.origin}/lead`);
  await lead.page.getByRole('button', { name: 'Pause ada' }).click();
  await lead.page.getByText('Paused:').waitFor();
  const { page, context } = await signedIn(browser, world, 'ada');
  expect(await page.locator('main').innerText()).toContain('The lead has paused you');
  expect(await page.getByRole('button', { name: 'Next question' }).count()).toBe(0);
  await lead.page.getByRole('button', { name: 'Let go on ada' }).click();
  await lead.page.getByText('They get questions again.').waitFor();
  expect(lead.faults).toEqual([]);
  await lead.context.close();
  await context.close();
});
