import { html, type Markup } from '../../../reports/pages/markup.ts';
import type { Frame } from '../views.ts';
import { framed } from './frame.ts';
import { PATHS } from './paths.ts';

const TITLES: Readonly<Record<number, string>> = {
  403: 'Not yours to see',
  404: 'Nothing is here',
  429: 'Too often',
  503: 'No answer',
};

/** What went wrong, in a sentence, and the way back. */
export function errorPage(frame: Frame, { status, text }: { readonly status: number; readonly text: string }): Markup {
  const title = TITLES[status] ?? (status < 500 ? 'This did not work' : 'Something broke');
  return framed(
    frame,
    title,
    html`<h1>${title}</h1>
      <p>${text}</p>
      <p><a href="${PATHS.home}">To the questions</a></p>`,
  );
}
