import { createRequire } from 'node:module';
import type { KatexOptions } from 'katex';
import { escape } from '../markup.ts';
import { MACROS, plainer, type Place } from './dialect.ts';
import { serialized, type Built, type Kinds } from './serialized.ts';

/** Loaded with the first formula: a worker that starts should not wait for it. */
let loaded: Typesetter | undefined;
const typesetter = () => (loaded ??= createRequire(import.meta.url)('katex') as Typesetter);

interface Typesetter {
  readonly __renderToDomTree: (tex: string, options: KatexOptions) => Built;
  readonly __domTree: Kinds;
}

/**
 * What the formulas of one text may take. Ours: far above what proofs have, and a hostile text of 400 kB is done in
 * seconds.
 */
export const LIMITS = {
  formulas: 10_000,
  /** Characters of one formula. */
  characters: 20_000,
  /** Characters of one that defines commands, or of a definition: what they expand to is many times that. */
  defining: 400,
  /** Expansions in one formula. */
  expansions: 1000,
  /** The largest size that a formula may ask for, in em. */
  em: 20,
  /** Characters of HTML, all formulas together. */
  html: 24_000_000,
} as const;

const DEFINES = /\\(?:[gex]?def|let|futurelet|global|(?:re|provide)?newcommand)(?![A-Za-z])/;

/** Sets the formulas of one text, with the commands that the text defines. */
export class Formulas {
  readonly #known = new Map<string, string>();
  #macros: Record<string, string> = MACROS;
  #count = 0;
  #characters = 0;

  /** Lets later formulas use a command. Whether it is short enough to be taken. */
  define(command: string, body: string): boolean {
    if (body.length > LIMITS.defining || Object.hasOwn(MACROS, command)) return false;
    this.#macros = { ...this.#macros, [command]: body };
    this.#known.clear();
    return true;
  }

  /**
   * HTML of a formula; where it cannot be set, its source with the reason.
   * @param tex without delimiters.
   * @param source with them.
   */
  html(tex: string, place: Place, source: string): string {
    if (this.#characters > LIMITS.html) return failed(source, 'the formulas before it are too large for one text');
    const key = `${place} ${source}`;
    const html = this.#known.get(key) ?? this.#set(tex, place, source);
    this.#known.set(key, html);
    this.#characters += html.length;
    return html;
  }

  #set(tex: string, place: Place, source: string): string {
    const refused = this.#refused(tex);
    if (refused !== undefined) return failed(source, refused);
    this.#count += 1;
    let reason = '';
    for (const variant of plainer(tex, place)) {
      const set = this.#try(variant, place);
      if ('html' in set) return place === 'display' ? `<span class="formula">${set.html}</span>` : set.html;
      reason = set.reason;
    }
    return failed(source, reason);
  }

  /** HTML of what may be a formula of a line; undefined where it is none. */
  perhaps(tex: string): string | undefined {
    const html = this.html(tex, 'inline', tex);
    return html.startsWith(FAILED) ? undefined : html;
  }

  #refused(tex: string): string | undefined {
    if (tex.length > LIMITS.characters) return `more than ${LIMITS.characters} characters`;
    if (tex.length > LIMITS.defining && DEFINES.test(tex))
      return `more than ${LIMITS.defining} characters, and it defines commands`;
    if (this.#count >= LIMITS.formulas) return `more than ${LIMITS.formulas} different formulas in one text`;
    return undefined;
  }

  #try(tex: string, place: Place): { readonly html: string } | { readonly reason: string } {
    let asked: string | undefined;
    // It tells the console of each sign that its fonts lack; a browser's have it.
    const { warn } = console;
    console.warn = () => undefined; // oxlint-disable-line no-console
    try {
      const { __renderToDomTree: build, __domTree: kinds } = typesetter();
      const built = build(tex, {
        displayMode: place === 'display',
        throwOnError: true,
        strict: 'ignore',
        // It would show the command's name alone: what a formula asks for and may not have is a failure.
        trust: ({ command }) => {
          asked = command;
          return false;
        },
        maxExpand: LIMITS.expansions,
        maxSize: LIMITS.em,
        macros: { ...this.#macros },
      });
      return asked === undefined ? { html: serialized(built, kinds) } : { reason: `${asked} is not allowed` };
    } catch (error) {
      return { reason: reasonOf(error) };
    } finally {
      console.warn = warn; // oxlint-disable-line no-console
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return 'nested too deeply';
  if (!(error instanceof Error)) return 'unknown';
  return 'rawMessage' in error ? String(error.rawMessage) : error.message;
}

const FAILED = '<span class="failed">';

/** A formula that is not set: nothing of it is lost. */
function failed(source: string, reason: string): string {
  const shown = reason.length > 200 ? `${reason.slice(0, 200)}…` : reason;
  return `${FAILED}<code>${escape(source)}</code> <small>not set: ${escape(shown)}</small></span>`;
}
