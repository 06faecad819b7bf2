import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Where the system's Chromium is: what `CHROMIUM_PATH` says, else the first of the usual names on the PATH.
 * @throws with how it is installed.
 */
function chromiumPath(): string {
  const { CHROMIUM_PATH: chosen, PATH = '' } = process.env;
  const places = PATH.split(path.delimiter).filter((place) => place !== '');
  const candidates = chosen ? [chosen] : NAMES.flatMap((name) => places.map((place) => path.join(place, name)));
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  const where = chosen ? `at ${chosen} (CHROMIUM_PATH)` : `on the PATH (${NAMES.join(', ')})`;
  throw new Error(
    `Expected a Chromium for the desk's tests, got none ${where}: ` +
      'install one (Debian: apt-get install chromium), or say where it is in CHROMIUM_PATH.',
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** A page of a context of its own, and all that must not happen in it: it is empty while nothing did. */
export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Requests to other origins, refusals by the page's policy, errors of programs, dialogs. */
  readonly faults: string[];
}

export async function watchedPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, ...options });
  const faults: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'data:') faults.push(`request to ${url.href}`);
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || /content security policy/i.test(message.text())) faults.push(message.text());
  });
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, context, faults };
}
