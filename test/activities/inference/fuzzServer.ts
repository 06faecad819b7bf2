import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomFrom } from '../../../shared/seeds.ts';
import type { ProofScore } from '../../../shared/scores.ts';

/** What a fuzzed reply must come to, known from how it was made. */
export type Expected =
  | { readonly kind: 'answered'; readonly score: ProofScore }
  | { readonly kind: 'unparseable' | 'truncated' | 'failed' };

export interface FuzzServer {
  readonly url: string;
  /** By the seed of the request. */
  readonly expected: ReadonlyMap<number, Expected>;
  close(): Promise<void>;
}

type Random = () => number;

/**
 * A fake model server for tests: every reply is odd in a way that follows from the request's seed, and most are wrong.
 */
export async function startFuzzServer(): Promise<FuzzServer> {
  const expected = new Map<number, Expected>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { seed, max_tokens } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, number>;
      if (seed === undefined || max_tokens === 1) return say(response, 'It is there.');
      const first = !expected.has(seed);
      const random = randomFrom(seed);
      const make = REPLIES[Math.floor(random() * REPLIES.length)] as (typeof REPLIES)[number];
      expected.set(seed, make(response, random, first));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    expected,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const CLOSING = 'Based on my evaluation, the final overall score should be:';
const OPENING = 'Here is my evaluation of the solution:';
const UNPARSEABLE = { kind: 'unparseable' } as const;
const FAILED = { kind: 'failed' } as const;

const REPLIES: readonly ((response: ServerResponse, random: Random, first: boolean) => Expected)[] = [
  // A verdict in odd company: imitations before the closing phrase, thinking with a verdict of its own, odd white
  // space.
  (response, random) => {
    const [written, score] = pick(
      [
        ['0', 0],
        ['0.5', 0.5],
        ['1', 1],
        ['0.0', 0],
        ['1.0', 1],
      ] as const,
      random,
    );
    const thinking = random() < 0.3 ? `<think>${CLOSING} \\boxed{0}${noise(random)}</think>` : '';
    say(
      response,
      `${thinking}${OPENING}\n${noise(random)} \\boxed{7} ${CLOSING} ${noise(random)}\n${CLOSING}\n\\boxed{ ` +
        `${written}${pick(['', ' ', '\n'], random)}}`,
    );
    return { kind: 'answered', score };
  },
  (response, random) => {
    const box = pick(
      ['7', '-1', '0.25', '1/2', '', '0,5', '١', '0.5.', '1e0', 'NaN', '\\frac12', '01', '½', '+1', '0.50', '1 1'],
      random,
    );
    say(response, `${OPENING}\n${noise(random)}\n${CLOSING}\n\\boxed{${box}}`);
    return UNPARSEABLE;
  },
  (response, random) => {
    const text = pick(
      [
        noise(random),
        '',
        `${OPENING} \\boxed{1}`,
        `${OPENING}\n${CLOSING} \\boxed{1} or \\boxed{0}`,
        `${OPENING}\n${CLOSING}`,
        `<think>${OPENING}\n${CLOSING} \\boxed{1}</think>`,
        `${CLOSING} \\boxed{1}`,
        `${OPENING}\n${CLOSING} \\boxed{1`,
      ],
      random,
    );
    say(response, text);
    return UNPARSEABLE;
  },
  (response, random) => {
    send(
      response,
      200,
      JSON.stringify({
        choices: [
          {
            message: { content: pick([null, 1, true, ['\\boxed{1}'], { text: '\\boxed{1}' }], random) },
            finish_reason: 'stop',
          },
        ],
      }),
    );
    return UNPARSEABLE;
  },
  (response, random) => {
    say(response, `${OPENING}\n${noise(random)}\n${CLOSING}\n\\boxed{1}`, pick(['length', 'content_filter'], random));
    return { kind: 'truncated' };
  },
  // Broken UTF-8 inside a verdict that would parse.
  (response) => {
    const [before, after] = JSON.stringify(completion(`${OPENING}\n@\n${CLOSING}\n\\boxed{1}`)).split('@') as [
      string,
      string,
    ];
    send(response, 200, Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(after)]));
    return UNPARSEABLE;
  },
  // No completion: bytes, JSON of another kind, JSON nested without end, half of one.
  (response, random) => {
    send(
      response,
      200,
      pick(
        [
          Buffer.from(Array.from({ length: 200 }, () => Math.floor(256 * random()))),
          '{}',
          '[]',
          'null',
          '"\\boxed{1}"',
          '{"choices":[]}',
          '{"choices":[null]}',
          '{"choices":{"0":1}}',
          '['.repeat(50_000),
          '{"choices":[{"message":{"content":"\\\\boxed{1}',
          '',
        ],
        random,
      ),
    );
    return FAILED;
  },
  (response, random) => {
    send(
      response,
      pick([400, 401, 404, 413, 418, 422], random),
      pick(['', noise(random), '{"error":null}', '{"error":{"message":7}}', '{"detail":[{"msg":"no"}]}'], random),
    );
    return FAILED;
  },
  // What is wrong once may be right the next time: cut, overloaded with a strange Retry-After, not HTTP at all, closed
  // without a word.
  (response, random, first) => {
    const again = pick(['cut', 'overloaded', 'notHttp', 'closed', 'error'], random);
    if (first && again === 'cut') {
      response.writeHead(200, { 'content-length': 5_000 });
      response.write(`{"choices":[{"message":{"content":"${OPENING}`);
      setTimeout(() => response.destroy(), 5);
    } else if (first && again === 'overloaded')
      send(response, pick([429, 503], random), noise(random), {
        'retry-after': pick(['soon', '-1', '0', '0.01', 'Thu, 01 Jan 1970 00:00:00 GMT'], random),
      });
    else if (first && again === 'notHttp') response.socket?.end('HTTP/9 banana\r\n\r\n\\boxed{1}');
    else if (first && again === 'closed') response.socket?.destroy();
    else if (first) send(response, pick([500, 502, 504, 408, 409], random), noise(random));
    else say(response, `${OPENING}\n${noise(random)}\n${CLOSING}\n\\boxed{0.5}`);
    return { kind: 'answered', score: 0.5 };
  },
];

function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** Text of any characters, half surrogates and controls among them, that no verdict can be read from. */
function noise(random: Random): string {
  const parts = [
    '\u0000',
    '\ud800',
    '\\boxed',
    '{',
    '}',
    '</think',
    '$',
    '\n',
    '#',
    'é',
    '证明',
    '🙂',
    '\u202e',
    '\\',
    '"',
    'x',
    ' ',
  ];
  return Array.from({ length: Math.floor(60 * random()) }, () => pick(parts, random)).join('');
}

function completion(content: string, finish: string = 'stop'): object {
  return { choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }] };
}

function say(response: ServerResponse, content: string, finish?: string): void {
  send(response, 200, JSON.stringify(completion(content, finish)));
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
