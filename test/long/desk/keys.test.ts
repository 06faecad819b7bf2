import type { Watched } from './browser.ts';
import { rowOf, type FakeWorld } from '../../workers/annotation-desk/fakeWorld.ts';
import { deskInBrowser, pathOf, signedIn } from './signedIn.ts';

const desk = deskInBrowser();
let ada: Watched;
let questions = 0;
beforeEach(async () => {
  ada = await signedIn(desk, 'ada');
});
afterEach(async () => {
  expect(ada.faults).toEqual([]);
  await ada.context.close();
});

/** A question of its own, taken by ada, on whose page she is. */
async function taken(more: Parameters<FakeWorld['reviews']['ask']>[1] = {}): Promise<string> {
  const id = desk.world.reviews.ask(rowOf(`keys-${(questions += 1)}`), more);
  await ada.page.goto(desk.world.origin + pathOf(id));
  await ada.page.keyboard.press('t');
  await ada.page.getByText('Kept for you until').waitFor();
  return id;
}
const isChecked = (value: string) => ada.page.locator(`input[name="score"][value="${value}"]`).isChecked();
const lines = () => ada.page.locator('#lines').inputValue();
const lastSent = () => desk.world.reviews.sent.at(-1);

test('a question is scored by keys alone, each of them printed', async () => {
  const { page } = ada;
  const id = await taken();
  for (const [key, value] of [
    ['0', '0'],
    ['5', '0.5'],
    ['1', '1'],
    ['5', '0.5'],
  ] as const) {
    await page.keyboard.press(key);
    expect(await isChecked(value)).toBe(true);
    expect(await page.locator(`.score:has([value="${value}"]) kbd`).textContent()).toBe(key);
  }
  await page.keyboard.press('u');
  expect(await page.getByLabel('I am uncertain').isChecked()).toBe(true);
  await page.keyboard.press('u');
  expect(await page.getByLabel('I am uncertain').isChecked()).toBe(false);
  await page.keyboard.press('u');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press(']');
  await page.keyboard.press('x');
  expect(await lines()).toBe('3, 4');
  await page.keyboard.press('[');
  await page.keyboard.press('x');
  expect(await lines()).toBe('4');
  await page.keyboard.press('r');
  await page.keyboard.type('Line 4 is fine, but 0, 1 and u are not: x n z f.');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Recorded.').waitFor();
  expect(lastSent()).toMatchObject({
    workflowId: id,
    name: 'submitVerdict',
    sent: {
      annotator: 'ada',
      score: 0.5,
      uncertain: true,
      lines: [4],
      comment: 'Line 4 is fine, but 0, 1 and u are not: x n z f.',
    },
  });
  await page.goto(desk.world.origin + pathOf(id));
  await page.keyboard.press('z');
  await page.getByText('Taken back.').waitFor();
  expect(lastSent()).toMatchObject({ workflowId: id, name: 'withdraw' });
  desk.world.reviews.end(id);
});

test('keys are dead while somebody types, with a modifier, and when they are switched off', async () => {
  const { page } = ada;
  const id = await taken();
  const before = desk.world.reviews.sent.length;
  await page.keyboard.press('f');
  for (const field of ['#comment', '#lines', '#reason']) {
    await page.locator(field).focus();
    await page.keyboard.type('015urjkxnzfdl[]');
    expect(await page.locator(field).inputValue()).toBe('015urjkxnzfdl[]');
    await page.locator(field).fill('');
  }
  await page.keyboard.press('Escape');
  for (const modifier of ['Control', 'Alt', 'Meta']) {
    await page.keyboard.down(modifier);
    for (const key of ['5', 'u', 'x', 'd']) await page.keyboard.press(key);
    await page.keyboard.up(modifier);
  }
  await page.keyboard.press('Shift+D');
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.locator('body').press('5');
  await page.locator('body').press('d');
  expect(await page.locator('input[name="score"]:checked').count()).toBe(0);
  expect(await page.locator('kbd').first().isVisible()).toBe(false);
  await page.reload();
  await page.locator('body').press('5');
  expect(await page.locator('input[name="score"]:checked').count()).toBe(0);
  await page.getByRole('button', { name: 'Keys' }).click();
  await page.locator('body').press('5');
  expect(await isChecked('0.5')).toBe(true);
  expect(desk.world.reviews.sent).toHaveLength(before);
  desk.world.reviews.end(id);
});

test.each([
  ['d', 'outOfMyDepth', 'Given back'],
  ['l', 'tooLong', 'Put back'],
])('%s gives a question back, %s', async (key, reason, said) => {
  const id = await taken();
  await ada.page.keyboard.press(key);
  await ada.page.getByText(said).waitFor();
  expect(lastSent()).toEqual({ workflowId: id, name: 'release', sent: { annotator: 'ada', reason } });
  desk.world.reviews.end(id);
});

test('f asks what is wrong, and n goes on to the next question', async () => {
  const { page } = ada;
  const id = await taken();
  await page.keyboard.press('f');
  await page.keyboard.type('n is not said to be an integer');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Flagged:').waitFor();
  expect(lastSent()).toMatchObject({ name: 'flagProblem', sent: { reason: 'n is not said to be an integer' } });
  const other = desk.world.reviews.ask(rowOf('keys-next'));
  await page.goto(`${desk.world.origin}/`);
  // The list of questions lags behind by moments.
  while ((await page.locator(`a[href="${pathOf(other)}"]`).count()) === 0) {
    await page.waitForTimeout(500);
    await page.reload();
  }
  await page.keyboard.press('n');
  await page.waitForURL(desk.world.origin + pathOf(other));
  for (const one of [id, other]) desk.world.reviews.end(one);
});

test('lines are pointed at by a click, by what is typed, and no more by their chips', async () => {
  const { page } = ada;
  const id = await taken();
  await page.locator('#L8').click();
  await page.locator('#L19').click();
  expect(await lines()).toBe('8, 19');
  expect(await page.locator('.chip').allTextContents()).toEqual(['line 8×', 'line 19×']);
  expect(await page.locator('.pointed').count()).toBe(2);
  await page.getByRole('button', { name: 'Do not point at line 8' }).click();
  await page.locator('#lines').fill('4-6, 19');
  expect(await page.locator('.chip').count()).toBe(4);
  expect(await page.locator('#L5').getAttribute('class')).toContain('pointed');
  await page.locator('#L5').click();
  expect(await lines()).toBe('4, 6, 19');
  desk.world.reviews.end(id);
});

test('a click on the number of a line points at it', async () => {
  const id = await taken();
  await ada.page.locator('#L12').scrollIntoViewIfNeeded();
  const box = await ada.page.locator('#L12').boundingBox();
  await ada.page.mouse.click((box?.x ?? 0) - 20, (box?.y ?? 0) + 12);
  expect(await lines()).toBe('12');
  desk.world.reviews.end(id);
});

test('issues are real or not by y and n, and the quality follows at once', async () => {
  const { page } = ada;
  const id = await taken({ assisted: true });
  await page.keyboard.press('5');
  await page.getByLabel('Rationale').fill('A gap.');
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByText('Here is what analyses of the proof report').waitFor();
  for (const key of ['i', 'y', 'i', 'n']) await page.keyboard.press(key);
  expect(await page.locator('.follows').first().textContent()).toBe('2 of 3 marked.');
  for (const key of ['i', 'y']) await page.keyboard.press(key);
  expect(await page.locator('.follows').first().textContent()).toBe('2 of 3 real: quality ½ follows.');
  const quality = (value: string) => page.locator(`input[name="quality-0"][value="${value}"]`);
  expect(await quality('0.5').isChecked()).toBe(true);
  const why = page.getByLabel('Why another quality than follows from the issues').first();
  expect(await why.isVisible()).toBe(false);
  await quality('0').check();
  expect(await why.isVisible()).toBe(true);
  await why.fill('What is real in it is beside the point.');
  for (const key of ['Escape', '1', 'r']) await page.keyboard.press(key);
  await page.keyboard.type('Right after all.');
  await page.keyboard.press('Control+Enter');
  await page.getByText('you can take it back').waitFor();
  expect(lastSent()).toMatchObject({
    name: 'submitVerdict',
    sent: {
      score: 1,
      assisted: true,
      analyses: [
        { analysis: 0, real: [true, false, true], score: 0, override: 'What is real in it is beside the point.' },
      ],
    },
  });
  desk.world.reviews.end(id);
});

test('of an analysis that is scored, the score follows from its issues until another is chosen', async () => {
  const { page } = ada;
  const id = await taken({ kind: 'scoreAnalysis' });
  for (const key of ['i', 'n', 'i', 'n', 'i', 'n']) await page.keyboard.press(key);
  expect(await isChecked('0')).toBe(true);
  await page.keyboard.press('y');
  expect(await isChecked('0.5')).toBe(true);
  await page.locator('body').press('1');
  await page.getByLabel('Why another quality than follows from the issues').fill('The others are remarks.');
  await page.getByLabel('Rationale').fill('So.');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Recorded.').waitFor();
  expect(lastSent()).toMatchObject({ sent: { score: 1, analyses: [{ real: [false, false, true], score: 1 }] } });
  desk.world.reviews.end(id);
});
