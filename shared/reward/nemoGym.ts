import * as z from 'zod';
import type { RewardAnswer, RewardItem } from './protocol.ts';

/**
 * What NeMo-Gym's clients send to a resources server: the dataset's row, which has our `itemId` beside its
 * `responses_create_params`, and after sampling a Response object of OpenAI's with it. All else goes back as it came.
 */
const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const output = z.looseObject({
  type: z.string(),
  role: z.string().optional(),
  content: z.union([z.string(), z.array(part)]).nullish(),
  summary: z.array(part).optional(),
});
export const verifyRequestSchema = z.looseObject({
  itemId: z.string(),
  responses_create_params: z.looseObject({}),
  response: z.looseObject({ output: z.array(output).min(1), status: z.string().nullish() }),
});
export type VerifyRequest = z.infer<typeof verifyRequestSchema>;

/** The item: what the model said is its answer, and what it reasoned is its thinking. */
export function itemOfResponse({ itemId, response }: VerifyRequest): RewardItem {
  const said = response.output.filter(({ type, role = 'assistant' }) => type === 'message' && role === 'assistant');
  const reasoned = response.output.filter(({ type }) => type === 'reasoning');
  const thinking = reasoned.map(({ content, summary }) => textIn(content) || textIn(summary)).join('\n');
  return {
    itemId,
    response: said.map(({ content }) => textIn(content)).join(''),
    ...(thinking !== '' && { thinking }),
    truncated: response.status === 'incomplete',
  };
}

function textIn(content: string | readonly z.infer<typeof part>[] | null | undefined): string {
  return typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('');
}

/**
 * The reward beside what was sent, its parts as numbers of their own. Without a reward it is null, which no client can
 * take for a number, and the sample is masked, as NeMo-Gym marks what was not measured.
 */
export function verifyReply(request: VerifyRequest, answer: RewardAnswer): object {
  if (answer.status === 'unscorable')
    return { ...request, reward: null, mask_sample: true, failure_kind: 'judge_failed', failure_reason: answer.reason };
  const parts = Object.entries(answer.components).map(([name, value]) => [`component_${name}`, value]);
  return {
    ...request,
    reward: answer.reward,
    ...Object.fromEntries(parts),
    overlong: Number(answer.overlong === true),
  };
}
