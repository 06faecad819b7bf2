import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { rowOf } from '../../workers/annotation-desk/fakeWorld.ts';
import { deskInBrowser, pathOf, signedIn } from './signedIn.ts';

const desk = deskInBrowser();

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe finds against WCAG 2.2 AA, by rule and element. */
async function violations(page: Page): Promise<string[]> {
  // Into the page by its debugger: the policy lets no other program in.
  await page.evaluate(AXE);
  const found = (await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(TAGS)} })`)) as {
    readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
    readonly passes: readonly unknown[];
  };
  expect(found.passes.length).toBeGreaterThan(10);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** Elements that make the page wider than its window. */
const wider = (page: Page): Promise<unknown> =>
  page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > width + 1)
      .slice(0, 5).map((one) => one.outerHTML.slice(0, 160));
  })()`);

/** Questions in all their states, and who looks at each. */
async function allPages(): Promise<readonly (readonly [string, string, string])[]> {
  const { reviews } = desk.world;
  const as = (person: string) => ({ annotator: person });
  const send = (id: string, name: string, sent: object) => reviews.send(id, { type: 'update', name } as never, sent);
  const open = reviews.ask(rowOf('open'));
  const mine = reviews.ask(rowOf('mine'));
  await send(mine, 'claim', as('ada'));
  const again = reviews.ask(rowOf('again'), { assisted: true });
  await send(again, 'submitVerdict', { ...as('ada'), score: 0.5, comment: 'A gap.' });
  const analysis = reviews.ask(rowOf('analysis'), { kind: 'scoreAnalysis' });
  await send(analysis, 'claim', as('ada'));
  const answered = reviews.ask(rowOf('answered'));
  await send(answered, 'submitVerdict', { ...as('ada'), score: 1, comment: 'Complete.', lines: [3] });
  const flagged = reviews.ask(rowOf('flagged'));
  await send(flagged, 'flagProblem', { ...as('ada'), reason: 'n may be 1.' });
  const disputed = reviews.ask(rowOf('disputed'), { assisted: true });
  for (const [person, score] of [
    ['ada', 1],
    ['carl', 0],
  ] as const)
    for (const assisted of [false, true])
      await send(disputed, 'submitVerdict', { ...as(person), score, comment: 'So.', lines: [4, 5], assisted });
  return [
    ['/', 'ada', 'the list of questions'],
    [pathOf(open), 'ada', 'an open question'],
    [pathOf(mine), 'ada', 'a question that was taken'],
    [pathOf(again), 'ada', 'a question with analyses'],
    [pathOf(analysis), 'ada', 'a question about an analysis'],
    [pathOf(answered), 'ada', 'a question that was answered'],
    [pathOf(flagged), 'ada', 'a question that was flagged'],
    [pathOf(flagged), 'carl', 'a question that another flagged'],
    [pathOf(disputed), 'emmy', 'a disagreement'],
    ['/lead', 'emmy', 'the page of a lead'],
    ['/quality', 'emmy', 'the page of quality'],
    ['/questions/nothing', 'ada', 'an address of nothing'],
  ];
}

test('each page is accessible by WCAG 2.2 AA in light and dark, and no wider than 360 px', async () => {
  const pages = await allPages();
  const found: Record<string, unknown> = {};
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1360]) {
      const viewport = { width, height: 800 };
      const people = new Map<string, Awaited<ReturnType<typeof signedIn>>>();
      for (const [path, person, name] of pages) {
        const known = people.get(person);
        const watched = known ?? (await signedIn(desk, person, { colorScheme, viewport }));
        people.set(person, watched);
        const { page } = watched;
        await page.goto(desk.world.origin + path);
        await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
        const faults = [...(await violations(page)), ...((await wider(page)) as string[])];
        if (faults.length > 0) found[`${name}, ${colorScheme}, ${width} px`] = faults;
      }
      for (const { faults, context } of people.values()) {
        // An address of nothing is answered by 404, which the console is told.
        expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
        await context.close();
      }
    }
  expect(found).toEqual({});
});

test('the page of signing in is accessible', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await desk.browser.newContext({ colorScheme, viewport: { width: 360, height: 700 } });
    const page = await context.newPage();
    await page.goto(`${desk.world.origin}/sign-in`);
    expect([await violations(page), await wider(page)]).toEqual([[], []]);
    await context.close();
  }
});
