import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Whether a browser sends this from a page of the desk. At an address of this machine the desk may also be reached by
 * the machine's other names, and through a tunnel at another port. What says nothing is no browser of today, and has
 * the form's token to show.
 * @param address where browsers reach the desk.
 */
export function isFromDesk(headers: IncomingHttpHeaders, address: string): boolean {
  const { origin, host } = headers;
  if (origin === undefined) {
    const site = headers['sec-fetch-site'];
    return site === undefined || site === 'same-origin' || site === 'none';
  }
  if (!URL.canParse(origin)) return false; // `null`: of a page that hides where it is
  const [from, desk] = [new URL(origin), new URL(address)];
  return (
    from.origin === desk.origin || (from.host === host && [from, desk].every(({ hostname }) => LOOPBACK.has(hostname)))
  );
}

/**
 * The path on this desk that a text names: never another place, whatever browsers make of slashes.
 * @default `/`
 */
export function localPath(text: unknown): string {
  if (typeof text !== 'string' || text.length > 2_000 || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(text)) return '/';
  const here = 'http://desk.invalid';
  if (!URL.canParse(text, here)) return '/';
  const { origin, pathname, search } = new URL(text, here);
  const isOurs = origin === here && !pathname.startsWith('//') && !/^\/sign-(in|out)(\/|$)/.test(pathname);
  return isOurs ? `${pathname}${search}` : '/';
}
