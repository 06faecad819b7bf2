/**
 * A model's thinking is a part of its reply of its own: never judged, never quoted, never part of a proof or analysis
 * (docs/method.md, "Thinking"). How it is told from the answer is a fact about the model or its server, found out once
 * and applied once, to the raw reply; nobody cuts again, so that a tag within an answer is text.
 */

/** What a chat template is told beside the messages, such as `{"enable_thinking": false}`. */
export type TemplateKwargs = Readonly<Record<string, string | number | boolean | null>>;

/** Marks that the model itself writes around its thinking. */
export interface ThinkingTags {
  /** Such as `<think>`. */
  readonly open: string;
  readonly close: string;
  /**
   * Whether the prompt already ends in `open`, so that a reply begins within the thinking, and is all thinking while
   * it has no `close`. False: thinking is what follows an `open` at the very start. Unknown where absent: a reply
   * without `open` at its start is then split at its first `close`, if it has one.
   */
  readonly promptOpens?: boolean | undefined;
}

/**
 * - `none`: replies hold no thinking, and are taken as they are.
 * - `field`: the server separates it, in a field of its own.
 * - tags: it stands in the text.
 */
export type ThinkingFormat = 'none' | 'field' | ThinkingTags;

export interface Separated {
  /** Absent where there was none. */
  readonly thinking?: string;
  readonly answer: string;
  /** Whether the thinking had not ended where the reply did: there is no answer then. */
  readonly stillThinking: boolean;
}

/**
 * The two parts of a raw reply, without the white space around them. Where the server gives thinking in a field, that
 * is believed whatever the format, and the content is the answer as it stands.
 */
export function separate(
  format: ThinkingFormat,
  { content, reasoning = '' }: { readonly content: string; readonly reasoning?: string | undefined },
): Separated {
  const answer = content.trim();
  const given = reasoning.trim();
  if (given !== '') return { thinking: given, answer, stillThinking: answer === '' };
  if (format === 'none' || format === 'field') return { answer, stillThinking: false };
  const { open, close, promptOpens } = format;
  const opened = answer.startsWith(open);
  if (!opened && promptOpens === false) return { answer, stillThinking: false };
  const start = opened ? open.length : 0;
  const end = answer.indexOf(close, start);
  if (end >= 0) return parts(answer.slice(start, end), answer.slice(end + close.length), false);
  return opened || promptOpens === true ? parts(answer.slice(start), '', true) : { answer, stillThinking: false };
}

function parts(thinking: string, answer: string, stillThinking: boolean): Separated {
  const thought = thinking.trim();
  return { ...(thought === '' ? {} : { thinking: thought }), answer: answer.trim(), stillThinking };
}

/** Marks by which known families write their thinking, as their chat templates have them. */
const FAMILIES: readonly ThinkingTags[] = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
  { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  { open: '<|begin_of_thought|>', close: '<|end_of_thought|>' },
  { open: '<|channel>thought', close: '<channel|>' },
  { open: '<|channel|>analysis<|message|>', close: '<|end|><|start|>assistant<|channel|>final<|message|>' },
];
const NAMED = /([<[◁])\/?([\w:|-]*(?:think|thought|reason)[\w:|-]*)([>\]▷])/i;

/** The marks of thinking that a chat template names: of a known family, or any that says think, thought or reason. */
export function thinkingMarks(template: string): ThinkingTags | undefined {
  const family = FAMILIES.find(({ open, close }) => template.includes(open) || template.includes(close));
  if (family !== undefined) return family;
  const [, left, name, right] = NAMED.exec(template) ?? [];
  return name === undefined ? undefined : { open: `${left}${name}${right}`, close: `${left}/${name}${right}` };
}

/** A format in words. */
export function formatText(format: ThinkingFormat | undefined): string {
  if (format === undefined) return 'nothing said of thinking';
  if (format === 'none') return 'no thinking';
  if (format === 'field') return 'thinking in a field of its own';
  const by = { true: ', opened by the prompt', false: ', opened by the model', undefined: '' };
  return `thinking between ${format.open} and ${format.close}${by[`${format.promptOpens}`]}`;
}

/** The mark of thinking that a reply begins with, of which nobody has said that its model writes it. */
export function unannouncedMark(answer: string): string | undefined {
  if (!/^[<[◁]/.test(answer)) return undefined;
  const tags = thinkingMarks(answer.slice(0, LONGEST_MARK));
  return tags !== undefined && answer.startsWith(tags.open) ? tags.open : undefined;
}

/** Characters. Ours. */
const LONGEST_MARK = 64;
