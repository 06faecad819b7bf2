import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { SCORES } from '../../../shared/scores.ts';

export interface AskedCall {
  readonly model: string;
  readonly seed: number;
  readonly content: string;
}

/** What the fake says to a call: the text of its answer, whole or as a stream, or an HTTP status. */
export type FakeReply = string | AsyncIterable<string> | { readonly status: number; readonly message?: string };

export const evaluationOf = (score: string | number) =>
  'Here is my evaluation of the solution:\nas far as it goes.\nBased on my evaluation, the final overall score ' +
  `should be: \\boxed{${score}}`;
export const metaEvaluationOf = (score: string | number) =>
  'Here is my analysis of the "solution evaluation":\nas far as it goes.\nBased on my analysis, I will rate the ' +
  `"solution evaluation" as: \\boxed{${score}}`;

/** A verdict in the judge's format that depends on the call's seed alone. */
export function verdictBySeed({ content, seed }: AskedCall): string {
  const score = SCORES[seed % 3] as number;
  return content.includes('rate the "solution evaluation"') || content.startsWith('metaVerify')
    ? metaEvaluationOf(score)
    : evaluationOf(score);
}

/** No model: an OpenAI-compatible server on a free port that answers what the test says, and counts. */
export class FakeModelServer {
  reply: (call: AskedCall) => FakeReply | Promise<FakeReply> = verdictBySeed;
  readonly calls: AskedCall[] = [];
  /** The models that it says it serves, if it says so. */
  models: readonly string[] = [];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      if (request.method === 'GET') return response.end(JSON.stringify({ data: this.models.map((id) => ({ id })) }));
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on(
        'end',
        () =>
          void this.#answer(Buffer.concat(chunks).toString('utf8')).then(({ status, body }) => {
            if (typeof body !== 'string') return Readable.from(body).pipe(response);
            return response.writeHead(status, { 'content-type': 'application/json' }).end(body);
          }),
      );
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As a kill would: connections break. The next start takes the same port. */
  async stop(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
    this.#server = undefined;
  }

  async #answer(body: string): Promise<{ status: number; body: string | AsyncIterable<string> }> {
    const request = JSON.parse(body) as { model: string; seed: number; messages: { content: string }[] };
    const call = {
      model: request.model,
      seed: request.seed,
      content: request.messages.map(({ content }) => content).join('\n'),
    };
    this.calls.push(call);
    const reply = await this.reply(call);
    if (typeof reply !== 'string' && Symbol.asyncIterator in reply) return { status: 200, body: eventsOf(reply) };
    if (typeof reply !== 'string')
      return {
        status: reply.status,
        body: JSON.stringify({ error: { message: reply.message ?? 'the fake refuses' } }),
      };
    return {
      status: 200,
      body: JSON.stringify({
        choices: [{ message: { role: 'assistant', content: reply }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 10, completion_tokens: 5 },
      }),
    };
  }
}

async function* eventsOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  const event = (choice: object) => `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`;
  for await (const content of texts) yield event({ delta: { content } });
  yield event({ delta: {}, finish_reason: 'stop' });
  yield 'data: [DONE]\n\n';
}
