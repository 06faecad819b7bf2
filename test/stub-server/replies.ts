import { draws, type StubOptions } from './options.ts';

/** What the stub looks at of a request. */
export interface Call {
  readonly seed?: unknown;
  readonly model?: unknown;
  readonly messages?: readonly { readonly content?: unknown }[];
  readonly max_tokens?: number;
  readonly stream?: boolean;
  readonly logprobs?: boolean;
}

/** Log-probabilities of a short answer, as the checkpoint that is played has them. */
export function logprobsOf(prompt: string, { checkpoint }: StubOptions): object {
  const content = ['Let', ' us', ' see'].map((token, at) => {
    const [share] = draws(prompt.length + 31 * at, checkpoint);
    const top = [0.5 + share / 3, 0.4 - share / 3].map((p, rank) => ({
      token: rank === 0 ? token : ' no',
      logprob: Math.log(p),
    }));
    return { token, logprob: top[0]?.logprob, top_logprobs: top };
  });
  return { content };
}

/** A completion as a stream: its text in pieces as long as tokens are. */
export function eventsOf(reply: string): string[] {
  const { choices, usage, ...about } = JSON.parse(reply) as {
    choices: readonly [{ message: Record<string, string>; finish_reason: string }];
    usage: object;
  };
  const [{ message, finish_reason }] = choices;
  const event = (more: object) => `data: ${JSON.stringify({ ...about, ...more })}\n\n`;
  const said = (delta: object, end: string | null = null) =>
    event({ choices: [{ index: 0, delta, finish_reason: end }] });
  const pieces = ['reasoning_content', 'content'].flatMap(
    (field) => (message[field] ?? '').match(/[^]{1,5}/g)?.map((piece) => said({ [field]: piece })) ?? [],
  );
  return [...pieces, said({}, finish_reason), event({ choices: [], usage }), 'data: [DONE]\n\n'];
}
