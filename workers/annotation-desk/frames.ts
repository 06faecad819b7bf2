import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Markup } from '../../reports/pages/markup.ts';
import { errorPage } from './pages/errorPage.ts';
import type { Frame } from './views.ts';

/** What the last action came to, as the next page says it; named in its address, so that nothing has to be kept. */
const SAID = {
  claimed: { kind: 'done', text: 'The question is yours.' },
  givenBack: { kind: 'done', text: 'Given back: somebody else may take it.' },
  later: { kind: 'done', text: 'Put back: other questions come first.' },
  flagged: { kind: 'done', text: 'Flagged: a second person and the lead are asked about it.' },
  withdrawn: { kind: 'done', text: 'Taken back.' },
  recorded: { kind: 'done', text: 'Recorded. Until the question closes you can take it back.' },
  looksAgain: { kind: 'done', text: 'Recorded. This is what the analyses report: score again, the same or changed.' },
  decided: { kind: 'done', text: 'Decided.' },
  nothing: { kind: 'done', text: 'Nothing is open for you now. A later phase of the lap may ask more.' },
  paused: { kind: 'refused', text: 'The lead has paused you: no question is handed out.' },
  pausedThem: { kind: 'done', text: 'Paused: they get no question until you let them go on.' },
  resumedThem: { kind: 'done', text: 'They get questions again.' },
} as const satisfies Record<string, NonNullable<Frame['said']>>;
export type Said = keyof typeof SAID;

/** The frame of a page for who asks for it. */
export function frameOf(request: FastifyRequest, refused?: string): Frame {
  const { said: name } = request.query as { readonly said?: string };
  const known = Object.hasOwn(SAID, name ?? '') ? SAID[name as Said] : undefined;
  const said = refused === undefined ? known : ({ kind: 'refused', text: refused } as const);
  return { csrf: request.csrf(), ...(request.signedIn && { person: request.person }), ...(said && { said }) };
}

export const sendPage = (reply: FastifyReply, page: Markup): FastifyReply =>
  reply.type('text/html; charset=utf-8').send(page.markup);

/** Goes on to another page, which says so. */
export const goOn = (reply: FastifyReply, to: string, said: Said): FastifyReply =>
  reply.redirect(`${to}?said=${said}`, 303);

/** A page that says what is wrong with what was asked. */
export const sendFailure = (request: FastifyRequest, reply: FastifyReply, status: number, text: string) =>
  sendPage(reply.code(status), errorPage(frameOf(request), { status, text }));
