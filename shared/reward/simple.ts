import * as z from 'zod';
import { separate, unannouncedMark, type ThinkingTags } from '../thinking.ts';
import { MAX_BATCH_ITEMS, type RewardAnswer, type RewardItem } from './protocol.ts';

/**
 * The request that trainers send to a reward model of somebody's own: slime's, one sample, and OpenRLHF's, several.
 * Both have texts alone and a label; the label is the `itemId`.
 */
const told = { truncated: z.boolean().default(false), step: z.int().min(1).optional() };
const oneSchema = z.object({ response: z.string(), label: z.string(), ...told });
const manySchema = z.object({
  query: z.array(z.string()).min(1).max(MAX_BATCH_ITEMS),
  prompts: z.array(z.string()),
  labels: z.array(z.string()),
  ...told,
});
export const simpleRequestSchema = z.union([manySchema, oneSchema]);
export type SimpleRequest = z.infer<typeof simpleRequestSchema>;

/** What the client's address says beside the job. */
export const simpleQuerySchema = z.object({
  /** Marks around the model's thinking. @default none: a response that begins with known ones is refused */
  open: z.string().min(1).optional(),
  close: z.string().min(1).optional(),
  /** What an item without a reward gets. @default null, which is no number */
  unscorable: z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, 'expected a number')
    .transform(Number)
    .optional(),
});
export type SimpleQuery = z.infer<typeof simpleQuerySchema>;

/** @throws Error that names the field which no item can be made of. */
export function itemsOfSimple(request: SimpleRequest, query: SimpleQuery): RewardItem[] {
  if ((query.open === undefined) !== (query.close === undefined))
    throw new Error(`open, close: expected both marks of thinking in the address, or neither`);
  const marks = query.open === undefined ? undefined : { open: query.open, close: query.close as string };
  const { truncated, step } = request;
  const rest = { truncated, ...(step !== undefined && { step }) };
  if (!('query' in request))
    return [{ itemId: request.label, ...answerOf(request.response, marks, 'response'), ...rest }];
  const { query: texts, prompts, labels } = request;
  if (prompts.length !== texts.length || labels.length !== texts.length)
    throw new Error(
      `query, prompts, labels: expected equally many, got ${texts.length}, ${prompts.length} and ${labels.length}`,
    );
  return texts.map((text, index) => {
    const prompt = prompts[index] as string;
    if (!text.startsWith(prompt))
      throw new Error(
        `query.${index}: expected it to begin with prompts.${index}, so that the response is what follows; was the ` +
          "prompt cut because it is too long, or changed by the tokenizer's decoding?",
      );
    return {
      itemId: labels[index] as string,
      ...answerOf(text.slice(prompt.length), marks, `query.${index}`),
      ...rest,
    };
  });
}

/** A response without the thinking, and without the tokens that end it, which these clients leave in. */
function answerOf(
  text: string,
  marks: ThinkingTags | undefined,
  field: string,
): Pick<RewardItem, 'response' | 'thinking'> {
  const said = withoutEnds(text);
  const unannounced = marks === undefined ? unannouncedMark(said.trimStart()) : undefined;
  if (unannounced !== undefined)
    throw new Error(
      `${field}: it begins with ${unannounced}, and nobody has said that this model thinks: add its marks to the ` +
        'address, as in ?open=%3Cthink%3E&close=%3C%2Fthink%3E',
    );
  const { answer, thinking } = separate(marks ?? 'none', { content: said });
  return { response: answer, ...(thinking !== undefined && { thinking }) };
}

const ENDS = ['</s>', '<eos>', '<end_of_turn>'];
const END = /(<\|[\w/-]+\|>|<｜[^｜]+｜>)$/;
/** Characters of the longest. Ours. */
const LONGEST_END = 48;

/** A text without the special tokens that tokenizers write at its end, such as `<|im_end|>`. */
export function withoutEnds(text: string): string {
  for (let rest = text.trimEnd(); ;) {
    const end = ENDS.find((mark) => rest.endsWith(mark)) ?? END.exec(rest.slice(-LONGEST_END))?.[0];
    if (end === undefined) return rest;
    rest = rest.slice(0, -end.length).trimEnd();
  }
}

/** A number for each item; null where there is no reward and the address does not say what it gets then. */
export function simpleReply(request: SimpleRequest, answers: readonly RewardAnswer[], { unscorable }: SimpleQuery) {
  const rewards = answers.map((answer) => (answer.status === 'scored' ? answer.reward : (unscorable ?? null)));
  if (!('query' in request)) return rewards[0] as number | null;
  const marked = (mark: (answer: RewardAnswer) => boolean) => answers.map((answer) => Number(mark(answer)));
  return {
    rewards,
    scores: rewards,
    // The same names each time: the client puts the lists of a step together.
    extra_logs: {
      unscorable: marked(({ status }) => status === 'unscorable'),
      overlong: marked(({ overlong }) => overlong === true),
      malformed: marked((answer) => answer.status === 'scored' && answer.components.format === 0),
    },
  };
}
