import type { FastifyInstance, LightMyRequestResponse } from 'fastify';

/** A browser's cookies and forms, without a browser: what the desk sends back goes into the next request. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #app: FastifyInstance;
  readonly #headers: Record<string, string>;
  readonly #remoteAddress: string;

  constructor(app: FastifyInstance, headers: Record<string, string> = {}, remoteAddress = '127.0.0.1') {
    this.#app = app;
    this.#headers = headers;
    this.#remoteAddress = remoteAddress;
  }

  get(url: string): Promise<LightMyRequestResponse> {
    return this.#send({ method: 'GET', url });
  }

  post(
    url: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<LightMyRequestResponse> {
    const payload = new URLSearchParams(fields).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#send({ method: 'POST', url, payload, headers: { ...type, ...headers } });
  }

  /** Fills in the form of a page, with the token that it holds. */
  async fill(page: string, url: string, fields: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.post(url, { _csrf: csrfIn((await this.get(page)).body), ...fields });
  }

  signIn(token: string, next = '/'): Promise<LightMyRequestResponse> {
    return this.fill('/sign-in', '/sign-in', { token, next });
  }

  async #send(request: {
    method: 'GET' | 'POST';
    url: string;
    payload?: string;
    headers?: Record<string, string>;
  }): Promise<LightMyRequestResponse> {
    const reply = await this.#app.inject({
      ...request,
      headers: { ...this.#headers, ...request.headers },
      cookies: Object.fromEntries(this.cookies),
      remoteAddress: this.#remoteAddress,
    });
    for (const { name, value, maxAge } of reply.cookies)
      if (value === '' || maxAge === 0) this.cookies.delete(name);
      else this.cookies.set(name, value);
    return reply;
  }
}

export function csrfIn(page: string): string {
  const [, token] = /name="_csrf" value="([^"]+)"/.exec(page) ?? [];
  if (token === undefined) throw new Error(`Expected a form with a token, got ${page.slice(0, 400)}`);
  return token;
}
