import { rowOf } from '../../workers/annotation-desk/fakeWorld.ts';
import { deskInBrowser, pathOf, signedIn } from './signedIn.ts';

const desk = deskInBrowser();

const send = (id: string, name: string, sent: object) =>
  desk.world.reviews.send(id, { type: 'update', name } as never, sent);

test('a lead sees two answers side by side, and decides by keys', async () => {
  const id = desk.world.reviews.ask(rowOf('disputed'));
  await send(id, 'submitVerdict', { annotator: 'ada', score: 1, comment: 'Nothing is missing.' });
  await send(id, 'submitVerdict', { annotator: 'carl', score: 0.5, comment: 'Line 27 is a claim.', lines: [27] });
  const { page, faults, context } = await signedIn(desk, 'emmy');
  await page.goto(`${desk.world.origin}/lead`);
  const [one, other] = await page.locator('.seat').allInnerTexts();
  expect(one).toMatch(/ada\s+1\s+Nothing is missing\./);
  expect(other).toMatch(/carl\s+½\s+Line 27 is a claim\.\s+About line 27/);
  await page.keyboard.press('n');
  await page.waitForURL(desk.world.origin + pathOf(id));
  for (const key of ['5', 'r']) await page.keyboard.press(key);
  await page.keyboard.type('It is a claim, and easily supplied.');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Decided.').waitFor();
  expect(desk.world.reviews.sent.at(-1)).toMatchObject({
    workflowId: id,
    name: 'adjudicate',
    sent: { annotator: 'emmy', score: 0.5, comment: 'It is a claim, and easily supplied.' },
  });
  expect(faults).toEqual([]);
  await context.close();
});

test('a lead pauses a person, who is told so and gets no further question', async () => {
  desk.world.reviews.ask(rowOf('waiting'));
  const lead = await signedIn(desk, 'emmy');
  await lead.page.goto(`${desk.world.origin}/lead`);
  await lead.page.getByRole('button', { name: 'Pause ada' }).click();
  await lead.page.getByText('Paused:').waitFor();
  const { page, context } = await signedIn(desk, 'ada');
  expect(await page.locator('main').innerText()).toContain('The lead has paused you');
  expect(await page.getByRole('button', { name: 'Next question' }).count()).toBe(0);
  await lead.page.getByRole('button', { name: 'Let go on ada' }).click();
  await lead.page.getByText('They get questions again.').waitFor();
  expect(lead.faults).toEqual([]);
  await lead.context.close();
  await context.close();
});
