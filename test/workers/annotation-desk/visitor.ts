import { fetch, type Dispatcher } from 'undici';

/** What a visitor sees after following redirects. */
export interface Seen {
  readonly status: number;
  readonly url: string;
  readonly text: string;
}

/** A browser without programs: keeps cookies, follows redirects, and sends the forms of the page that it sees. */
export class Visitor {
  readonly #address: string;
  readonly #cookies = new Map<string, string>();
  readonly #dispatcher: Dispatcher | undefined;
  #page: Seen = { status: 0, url: '', text: '' };

  constructor(address: string, dispatcher?: Dispatcher) {
    this.#address = address;
    this.#dispatcher = dispatcher;
  }

  get page(): Seen {
    return this.#page;
  }

  /** What a request of this visitor has in its header. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async get(path: string): Promise<Seen> {
    return this.#ask('GET', new URL(path, this.#address));
  }

  async signIn(token: string): Promise<Seen> {
    await this.get('/sign-in');
    return this.post('/sign-in', { token });
  }

  /** Sends the form of the page with this action, filled so; its hidden fields as they stand. */
  async post(action: string, filled: Readonly<Record<string, string>> = {}): Promise<Seen> {
    const { hidden } = this.form(action);
    return this.#ask('POST', new URL(action, this.#address), { ...hidden, ...filled });
  }

  /** Sends what no form of the page sends, with its token. */
  async send(action: string, fields: Readonly<Record<string, string>>): Promise<Seen> {
    const [, token = ''] = /name="_csrf" value="([^"]*)"/.exec(this.#page.text) ?? [];
    return this.#ask('POST', new URL(action, this.#address), { _csrf: token, ...fields });
  }

  /** @throws where the page has no such form. */
  form(action: string): { readonly hidden: Readonly<Record<string, string>>; readonly html: string } {
    const forms = this.#page.text.match(/<form\b[^]*?<\/form>/g) ?? [];
    const html = forms.find((form) => attribute(/^<form[^>]*>/.exec(form)?.[0] ?? '', 'action') === action);
    if (html === undefined)
      throw new Error(
        `Expected a form ${action} at ${this.#page.url}, got ${this.#page.status} with ${forms.length} forms`,
      );
    const inputs = (html.match(/<input[^>]*>/g) ?? []).filter((input) => attribute(input, 'type') === 'hidden');
    const hidden = Object.fromEntries(inputs.map((input) => [attribute(input, 'name'), attribute(input, 'value')]));
    return { hidden, html };
  }

  async #ask(method: string, url: URL, fields?: Readonly<Record<string, string>>): Promise<Seen> {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        cookie: this.cookie,
        ...(fields && { origin: this.#address, 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(fields && { body: new URLSearchParams(fields).toString() }),
      ...(this.#dispatcher && { dispatcher: this.#dispatcher }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const text = await response.text();
    const next = response.headers.get('location');
    if (response.status === 303 && next !== null) return this.#ask('GET', new URL(next, url));
    this.#page = { status: response.status, url: url.pathname, text };
    return this.#page;
  }
}

const attribute = (tag: string, name: string): string =>
  unescaped(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

const unescaped = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
