import { isRecord } from '../../shared/recipe/issues.ts';

type Row = Readonly<Record<string, unknown>>;

/** What a row has in a field, by its name or by a path such as `extra_info.index`. */
export function valueAt(row: Row, field: string): unknown {
  if (Object.hasOwn(row, field)) return row[field];
  return field.split('.').reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return (value as unknown[])[Number(name)];
    return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }, row);
}

/** A text or a number as text, of a list the first of them; undefined where there is none. */
export function scalarIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() || undefined;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(scalarIn).find((each) => each !== undefined);
  return undefined;
}

/** A grade: a number, or a text that is one or ends in one as `Level 5` does. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const [, digits] = (typeof value === 'string' && /^(?:[a-z]+[ _-]*)?(-?\d+(?:\.\d+)?)$/i.exec(value.trim())) || [];
  return digits === undefined ? undefined : Number(digits);
}

interface Message {
  readonly role?: unknown;
  readonly from?: unknown;
  readonly content?: unknown;
  readonly value?: unknown;
}

/**
 * A statement as it stands in a text, or as what a user says in a chat; `''` where there is none, `why` where there is
 * something else.
 */
export function statementIn(
  value: unknown,
): { readonly text: string; readonly beside?: string } | { readonly why: string } {
  if (typeof value === 'string') {
    const text = value.replaceAll('\r\n', '\n').trim();
    if (/^\[\s*\{'/.test(text)) return { why: 'it is a chat as Python shows one, and no JSON' };
    const chat = /^\[\s*\{/.test(text) ? parsed(text) : undefined;
    return Array.isArray(chat) && chat.every(isMessage) ? ofChat(chat) : { text };
  }
  if (!Array.isArray(value)) return { text: '' };
  const list = value as readonly unknown[];
  if (list.length > 0 && list.every(isMessage)) return ofChat(list);
  return list.length === 1 ? statementIn(list[0]) : { text: '' };
}

function isMessage(value: unknown): value is Message {
  return isRecord(value) && ('role' in value || 'from' in value) && ('content' in value || 'value' in value);
}

function ofChat(messages: readonly Message[]): ReturnType<typeof statementIn> {
  const by = (roles: readonly unknown[]) => messages.filter(({ role, from }) => roles.includes(role ?? from));
  const asked = by(['user', 'human']);
  const [{ content, value } = {}, ...others] = asked;
  if (others.length > 0) return { why: `it is a chat in which ${asked.length} messages are the user's` };
  const parts = [content ?? value].flat().map((part: unknown) => (isRecord(part) ? part['text'] : part));
  if (parts.some((part) => typeof part !== 'string')) return { why: 'it is a chat that holds more than text' };
  const text = parts.join('\n').replaceAll('\r\n', '\n').trim();
  return by(['system']).length > 0 ? { text, beside: 'system messages' } : { text };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a statement that begins so
  }
}
