import { html, type Markup } from '../../../reports/pages/markup.ts';
import type { Frame } from '../views.ts';
import { asset } from './assets.ts';
import { PATHS } from './paths.ts';

export interface Around {
  /** Which entry of the navigation the page is. @default none */
  readonly here?: 'home' | 'lead' | 'quality';
  /** The page has two columns. @default false */
  readonly isWide?: boolean;
  /** The page holds formulas: loads the typesetter's rules. @default false */
  readonly hasFormulas?: boolean;
}

const STYLES = ['desk', 'forms', 'question', 'cards'];
/** In their order: what a draft has is pointed at, and followed. */
const PROGRAMS = ['drafts', 'issues', 'desk'];

/**
 * A whole page around its content. Nothing in it is inline: programs and styles are the desk's own files, and without
 * the programs everything works but keys, drafts and pointing by click.
 */
export function framed(frame: Frame, title: string, content: Markup, around: Around = {}): Markup {
  const { person, said } = frame;
  const { here, isWide = false, hasFormulas = false } = around;
  const formulas = hasFormulas
    ? html`<link rel="stylesheet" href="${asset('katex/katex.min.css')}" />
        <link rel="stylesheet" href="${asset('mathematics.css')}" />`
    : null;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · annotation desk</title>
        <link rel="icon" href="data:," />
        ${formulas} ${STYLES.map((name) => html`<link rel="stylesheet" href="${asset(`${name}.css`)}" />`)}
        ${PROGRAMS.map((name) => html`<script src="${asset(`${name}.js`)}" defer></script>`)}
      </head>
      <body data-person="${person?.id}">
        <a class="skip" href="#content">To the content</a>
        <header class="top">
          <a class="name" href="${PATHS.home}">Annotation desk</a>
          ${person ? navigation(frame, here) : null}
        </header>
        <main id="content" class="${isWide ? 'wide' : 'narrow'}" tabindex="-1">
          ${said ? saidMessage(said) : null} ${content}
        </main>
        <div class="hidden" id="heard" role="status"></div>
      </body>
    </html> `;
}

function navigation({ person, csrf }: Frame, here: Around['here']): Markup | null {
  if (person === undefined) return null;
  const entry = (name: NonNullable<Around['here']>, text: string) =>
    html`<a href="${PATHS[name]}" ${here === name ? html`aria-current="page"` : null}>${text}</a>`;
  return html`<nav aria-label="Pages">
      ${entry('home', 'Questions')} ${person.isLead ? [entry('lead', 'Lead'), ' ', entry('quality', 'Quality')] : null}
    </nav>
    <div class="person">
      <button type="button" id="keys" class="plain scripted" aria-pressed="true">Keys</button>
      <span class="id">${person.id}</span>
      <form method="post" action="${PATHS.signOut}" data-signs-out>
        ${csrfField({ csrf })}<button class="plain">Sign out</button>
      </form>
    </div>`;
}

function saidMessage({ kind, text }: NonNullable<Frame['said']>): Markup {
  return html`<p class="said ${kind}" role="${kind === 'refused' ? 'alert' : 'status'}" data-said="${kind}">
    ${text}
  </p>`;
}

/** Goes into each form. */
export function csrfField({ csrf }: { readonly csrf?: string | undefined }): Markup | null {
  return csrf === undefined ? null : html`<input type="hidden" name="_csrf" value="${csrf}" />`;
}

/** A form of one button. */
export function buttonForm(
  frame: Frame,
  action: string,
  text: string | Markup,
  more: { readonly key?: string; readonly kind?: 'strong' | 'plain' | 'usual'; readonly fields?: Markup } = {},
): Markup {
  return html`<form method="post" action="${action}">
    ${csrfField(frame)}${more.fields}<button class="${more.kind ?? 'usual'}" data-key="${more.key}">
      ${text}${keyOf(more.key)}
    </button>
  </form>`;
}

/** A key, printed where it works. */
export const keyOf = (key: string | undefined): Markup | null =>
  key === undefined ? null : html` <kbd class="scripted" aria-hidden="true">${key}</kbd>`;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A moment, to the minute, in UTC; a browser with programs shows it in the time of its place. */
export function moment(iso: string): Markup {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return html`${iso}`;
  const clock = time.toISOString().slice(11, 16);
  const day = `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()] ?? ''}`;
  return html`<time datetime="${time.toISOString()}">${day}, ${clock} UTC</time>`;
}
