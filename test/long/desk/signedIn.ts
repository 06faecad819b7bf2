import { PATHS } from '../../../workers/annotation-desk/pages/paths.ts';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { watchedPage, type Watched } from './browser.ts';
import type { FakeWorld } from '../../workers/annotation-desk/fakeWorld.ts';

/** A page of somebody who has signed in, by the labels that they see. */
export async function signedIn(
  browser: Browser,
  { origin, tokens }: Pick<FakeWorld, 'origin' | 'tokens'>,
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
