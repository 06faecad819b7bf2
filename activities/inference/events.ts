import { refusalIn, textIn, thinkingIn, type Completion, type Message } from './completion.ts';
import { errorIn } from './said.ts';

/** Most characters of one answer, and of one line of a stream. Ours: a 256K-token answer has about a million. */
const MAX_CHARACTERS = 64 * 1024 * 1024;

/**
 * Puts an answer together that comes as server-sent events: text in pieces as they come, lines that end in LF, CR or
 * CRLF, data over several lines, comments that only keep the connection alive.
 */
export class EventReader {
  #rest = '';
  #data: string[] = [];
  #text = '';
  #thinking = '';
  #refusal = '';
  readonly #choice: Record<string, unknown> = {};
  readonly #whole: Record<string, unknown> = {};
  #message: Message | undefined;
  /** What is no chunk of an answer: a page, say. */
  #other = '';

  get hasText(): boolean {
    return this.#text !== '' || this.#thinking !== '';
  }

  /** @throws when the stream is beyond all bounds. */
  push(piece: string): void {
    const text = this.#rest + piece;
    const lines = text.includes('\r') ? text.split(/\r\n|\n|\r(?=[^\n])/) : text.split('\n');
    this.#rest = lines.pop() as string;
    if (this.#rest.length + this.#text.length + this.#thinking.length > MAX_CHARACTERS)
      throw new Error(`expected at most ${MAX_CHARACTERS} characters of answer, got more`);
    for (const line of lines) this.#line(line);
  }

  /** What came, as the answer that it would have been without a stream, and whether anything of one did. */
  end(): { readonly completion: Completion | undefined; readonly other: string } {
    this.#line(this.#rest.replace(/\r$/, ''));
    this.#event();
    const message: Message = {
      ...this.#message,
      ...(this.#text !== '' && { content: this.#text }),
      ...(this.#thinking !== '' && { reasoning_content: this.#thinking }),
      ...(this.#refusal !== '' && { refusal: this.#refusal }),
    };
    const { choices } = this.#whole;
    const completion = { ...this.#whole, ...(choices !== undefined && { choices: [{ ...this.#choice, message }] }) };
    return { completion: Object.keys(completion).length > 0 ? completion : undefined, other: this.#other.trim() };
  }

  #line(line: string): void {
    if (line === '') return this.#event();
    const cut = line.indexOf(':');
    const field = cut < 0 ? line : line.slice(0, cut);
    const value = cut < 0 ? '' : line.slice(line[cut + 1] === ' ' ? cut + 2 : cut + 1);
    // llama.cpp says `error:` where the standard has no such field. Most servers forget the empty line at times: a line
    // that is whole by itself is taken at once.
    if (field === 'data') {
      this.#data.push(value);
      if (this.#data.length === 1 && (value === '[DONE]' || value.endsWith('}')) && this.#take(value)) this.#data = [];
    } else if (field === 'error') this.#take(value.startsWith('{') ? value : JSON.stringify({ message: value }));
    else if (!['', 'event', 'id', 'retry'].includes(field) && this.#other.length < 1000) this.#other += `${line}\n`;
  }

  #event(): void {
    const data = this.#data.join('\n');
    this.#data = [];
    if (data !== '' && !this.#take(data)) this.#other += `${data.slice(0, 1000)}\n`;
  }

  #take(data: string): boolean {
    if (data === '[DONE]') return true;
    let chunk: Completion;
    try {
      chunk = JSON.parse(data) as Completion;
    } catch {
      return false;
    }
    if (typeof chunk !== 'object' || chunk === null) return false;
    const error = errorIn(chunk);
    if (error !== undefined) this.#whole['error'] = error;
    for (const field of ['model', 'system_fingerprint', 'usage'] as const)
      if (chunk[field] !== undefined && chunk[field] !== null) this.#whole[field] = chunk[field];
    if (!Array.isArray(chunk.choices)) return true;
    this.#whole['choices'] = [];
    const choice = chunk.choices.find((one) => (one?.index ?? 0) === 0);
    if (choice === undefined || choice === null) return true;
    const { delta, message, ...about } = choice;
    for (const [field, value] of Object.entries(about))
      if (value !== null && value !== undefined) this.#choice[field] = value;
    if (message) this.#message = { ...this.#message, ...message };
    if (typeof delta !== 'object' || delta === null) return true;
    this.#text += textIn(delta);
    this.#thinking += thinkingIn(delta) ?? '';
    this.#refusal += refusalIn(delta);
    return true;
  }
}
