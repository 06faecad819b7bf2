import { PATHS } from '../../../workers/annotation-desk/pages/paths.ts';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { openBrowser, watchedPage, type Watched } from './browser.ts';
import { fakeWorld, type FakeWorld } from '../../workers/annotation-desk/fakeWorld.ts';

/** A browser, and a real desk over fake reviews. */
export interface DeskInBrowser {
  readonly browser: Browser;
  readonly world: FakeWorld;
}

/** One for the tests of a file. */
export function deskInBrowser(): DeskInBrowser {
  const desk = {} as { -readonly [Part in keyof DeskInBrowser]: DeskInBrowser[Part] };
  beforeAll(async () => {
    [desk.browser, desk.world] = await Promise.all([openBrowser(), fakeWorld()]);
  }, 60_000);
  afterAll(async () => {
    await desk.browser?.close();
    await desk.world?.close();
  });
  return desk;
}

/** A page of somebody who has signed in, by the labels that they see. */
export async function signedIn(
  { browser, world: { origin, tokens } }: DeskInBrowser,
  person: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const watched = await watchedPage(browser, origin, options);
  const { page } = watched;
  await page.goto(`${origin}/`);
  if (options.javaScriptEnabled === false) {
    await page.fill('#token', tokens[person] ?? '');
    await page.click('button:has-text("Sign in")');
  } else {
    await page.getByLabel('Your token').fill(tokens[person] ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  await page.waitForURL(`${origin}/`);
  return watched;
}

export const pathOf = PATHS.question;
