import type { Watched } from './browser.ts';
import { rowOf } from '../../workers/annotation-desk/fakeWorld.ts';
import { deskInBrowser, pathOf, signedIn } from './signedIn.ts';

const desk = deskInBrowser();
let ada: Watched;
let questions = 0;
beforeEach(async () => {
  ada = await signedIn(desk, 'ada');
});
afterEach(async () => {
  expect(ada.faults.filter((fault) => !fault.includes('409'))).toEqual([]);
  await ada.context.close();
});

async function taken(): Promise<string> {
  const id = desk.world.reviews.ask(rowOf(`draft-${(questions += 1)}`));
  await ada.page.goto(desk.world.origin + pathOf(id));
  await ada.page.getByRole('button', { name: 'Take the question' }).click();
  await ada.page.getByText('Kept for you until').waitFor();
  return id;
}
const kept = () => ada.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('desk-draft'))");

test('a draft survives a reload and the way to another page, and is gone when it was submitted', async () => {
  const { page } = ada;
  const id = await taken();
  await page.getByLabel('Rationale').fill('Half a thought <b>');
  await page.getByLabel('sound, with minor errors').check();
  await page.getByLabel('I am uncertain').check();
  await page.locator('#L8').click();
  await page.reload();
  await page.goto(`${desk.world.origin}/`);
  await page.goto(desk.world.origin + pathOf(id));
  expect(await page.getByLabel('Rationale').inputValue()).toBe('Half a thought <b>');
  expect(await page.getByLabel('sound, with minor errors').isChecked()).toBe(true);
  expect(await page.getByLabel('I am uncertain').isChecked()).toBe(true);
  expect(await page.locator('#lines').inputValue()).toBe('8');
  expect(await page.locator('#L8').getAttribute('class')).toContain('pointed');
  expect(desk.world.reviews.sent.filter(({ name }) => name !== 'claim')).toEqual([]);
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Recorded.').waitFor();
  expect(await kept()).toEqual([]);
  desk.world.reviews.end(id);
});

test('what is refused is kept, on the page and in the browser', async () => {
  const { page } = ada;
  const id = await taken();
  await page.getByLabel('Rationale').fill('A gap.');
  await page.getByLabel('complete and rigorous').check();
  await page.getByLabel('Lines of the proof').fill('4, five');
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('alert').textContent()).toContain('got "five"');
  expect(await page.getByLabel('Rationale').inputValue()).toBe('A gap.');
  expect(await kept()).toHaveLength(1);
  await page.getByLabel('Lines of the proof').fill('4, 5');
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Recorded.').waitFor();
  expect(await kept()).toEqual([]);
  desk.world.reviews.end(id);
});

test('a draft is its own question’s and its own person’s, and gone after signing out', async () => {
  const { page } = ada;
  const [one, other] = [await taken(), await taken()];
  await page.getByLabel('Rationale').fill('Of the second.');
  await page.goto(desk.world.origin + pathOf(one));
  expect(await page.getByLabel('Rationale').inputValue()).toBe('');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Your token').waitFor();
  expect(await page.evaluate('Object.keys(localStorage).filter((key) => /draft|sent/.test(key))')).toEqual([]);
  for (const id of [one, other]) desk.world.reviews.end(id);
});

test('everything but keys, drafts and clicks works without programs', async () => {
  const plain = await signedIn(desk, 'carl', { javaScriptEnabled: false });
  const { page } = plain;
  const id = desk.world.reviews.ask(rowOf('plain'));
  await page.goto(desk.world.origin + pathOf(id));
  await page.click('button:has-text("Take the question")');
  await page.click('label:has-text("fatal errors")');
  await page.fill('#comment', 'It fails.');
  await page.fill('#lines', '3-4');
  await page.click('button:has-text("Submit")');
  await page.waitForURL(/said=recorded/);
  expect(desk.world.reviews.sent.at(-1)).toMatchObject({ sent: { annotator: 'carl', score: 0, lines: [3, 4] } });
  await page.goto(desk.world.origin + pathOf(id));
  expect(await page.isVisible('kbd')).toBe(false);
  await page.click('button:has-text("Undo")');
  await page.waitForURL(/said=withdrawn/);
  await page.click('summary:has-text("The problem is faulty")');
  await page.fill('#reason', 'It is.');
  await page.click('button:has-text("Flag")');
  await page.waitForURL(/said=flagged/);
  await plain.context.close();
  desk.world.reviews.end(id);
});
