import { HOSTILE } from '../../workers/annotation-desk/hostile.ts';
import { rowOf } from '../../workers/annotation-desk/fakeWorld.ts';
import { deskInBrowser, pathOf, signedIn } from './signedIn.ts';

const desk = deskInBrowser();

test('no hostile text runs, loads, covers or leads away, wherever it stands', async () => {
  const ada = await signedIn(desk, 'ada');
  const emmy = await signedIn(desk, 'emmy');
  const send = (id: string, name: string, sent: object) =>
    desk.world.reviews.send(id, { type: 'update', name } as never, sent);
  for (let from = 0; from < HOSTILE.length; from += 4) {
    const texts = HOSTILE.slice(from, from + 4);
    const text = texts.join('\n\n');
    const analysis = texts.map((one, index) => `${index + 1}. ${one}`).join('\n');
    const id = desk.world.reviews.ask(
      rowOf(`hostile-${from}`, {
        problem: { id: 'p', source: 's', topic: text, statement: text },
        proof: text,
        analyses: [{ analysis, score: 1, assessed: 1, confirmed: 1 }],
      }),
      { assisted: true },
    );
    await send(id, 'submitVerdict', { annotator: 'ada', score: 1, comment: text });
    await send(id, 'flagProblem', { annotator: 'carl', reason: text });
    for (const { page } of [ada, emmy]) {
      await page.goto(desk.world.origin + pathOf(id));
      await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
      // What listens to the mouse or the focus has its turn.
      await page.mouse.move(300, 300);
      for (let times = 0; times < 6; times += 1) await page.keyboard.press('Tab');
      expect([await page.evaluate('window.hit'), new URL(page.url()).pathname]).toEqual([undefined, pathOf(id)]);
      const shown = (await page.evaluate("document.getElementById('lines-of-proof').textContent")) as string;
      expect(shown.length).toBeGreaterThan(10);
    }
    await emmy.page.goto(`${desk.world.origin}/lead`);
    desk.world.reviews.end(id);
  }
  expect([ada.faults, emmy.faults]).toEqual([[], []]);
  await ada.context.close();
  await emmy.context.close();
});

test('a hostile rationale comes back into its field as it was typed', async () => {
  const { page, faults, context } = await signedIn(desk, 'ada');
  const id = desk.world.reviews.ask(rowOf('typed'));
  await page.goto(desk.world.origin + pathOf(id));
  await page.getByRole('button', { name: 'Take the question' }).click();
  const text = HOSTILE.slice(30, 45).join('\n');
  await page.getByLabel('Rationale').fill(text);
  await page.getByLabel('complete and rigorous').check();
  await page.getByLabel('Lines of the proof').fill('"><script>alert(1)</script>');
  await page.getByRole('button', { name: 'Submit' }).click();
  await page.getByRole('alert').waitFor();
  expect(await page.getByLabel('Rationale').inputValue()).toBe(text);
  expect(faults.filter((fault) => !fault.includes('409'))).toEqual([]);
  await context.close();
  desk.world.reviews.end(id);
});
