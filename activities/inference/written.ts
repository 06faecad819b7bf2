import type { ChatMessage } from '../../shared/records.ts';

/**
 * A message as it is digested and sent: its content as JSON, in bytes. Prompts are long and wait for their calls, and
 * what lies in the heap the garbage collector moves again and again; bytes lie outside of it.
 */
export interface WrittenMessage {
  readonly role: ChatMessage['role'];
  readonly json: Buffer;
  /** Of the content as a text. */
  readonly characters: number;
}

/** Messages, each written out once for all samples of a question. */
export const written = (messages: readonly ChatMessage[]): WrittenMessage[] =>
  messages.map(({ role, content }) => ({
    role,
    json: Buffer.from(JSON.stringify(content)),
    characters: content.length,
  }));

/** The messages that were written. */
export const readBack = (messages: readonly WrittenMessage[]): ChatMessage[] =>
  messages.map(({ role, json }) => ({ role, content: JSON.parse(json.toString()) as string }));
