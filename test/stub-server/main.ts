import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerTo } from './answers.ts';
import { PrefixCache, Reader, tokensIn } from './cache.ts';
import { eventsOf, logprobsOf, type Call } from './replies.ts';
import { HostedLimits } from './limits.ts';
import { FAULTS, faultOf, latencyOf, STUB_DEFAULTS, TEXT_FAULTS, type Fault, type StubOptions } from './options.ts';
import { cutInThought, messageOf, type Message } from './thoughts.ts';

/**
 * A model server that is none: heavy-tailed latencies and made-up answers over the OpenAI chat API, for benchmarks and
 * tests of faults. `node --import tsx test/stub-server/main.ts --port 8080 --medianMs 100 --sigma 0.8 …` (all of
 * StubOptions); `GET /stats` says what it did, `POST /options` changes how it behaves.
 */
const SELF = 'a stub of proof-flywheel: its answers are made up';
let options = readOptions(process.argv.slice(2));
const limits = new HostedLimits();
const cache = new PrefixCache();
const reader = new Reader();
const began = Date.now();
const counts: Record<string, number> = {};
let requests = 0;
let answered = 0;
let open = 0;
let peak = 0;
/** Highest number of open calls in each tenth of a second of the last ten. */
const recent = new Int32Array(100);
let recentSlot = 0;
/** How often each call was made, by its seed and length; a call in a million shares both with another. */
const calls = new Map<string, number>();
let repeated = 0;

function readOptions(args: readonly string[]): StubOptions {
  const given: Record<string, number> = {};
  for (let index = 0; index < args.length; index += 2) {
    const name = (args[index] ?? '').replace(/^--/, '');
    const value = Number(args[index + 1]);
    if (!(name in STUB_DEFAULTS) || Number.isNaN(value))
      throw new Error(
        `Expected --<option> <number> with an option of ${Object.keys(STUB_DEFAULTS).join(', ')}, got ` +
          `${args[index]} ${args[index + 1]}`,
      );
    given[name] = value;
  }
  return { ...STUB_DEFAULTS, ...given };
}

function note(slot: number): void {
  if (slot !== recentSlot) {
    for (let gap = 1; gap <= Math.min(100, slot - recentSlot); gap += 1) recent[(recentSlot + gap) % 100] = open;
    recentSlot = slot;
  }
  recent[slot % 100] = Math.max(recent[slot % 100] as number, open);
}

function enter(): void {
  open += 1;
  peak = Math.max(peak, open);
  note(Math.floor((Date.now() - began) / 100));
}

function leave(): void {
  note(Math.floor((Date.now() - began) / 100));
  open -= 1;
}

function tally(name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
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
    server: 'proof-flywheel-stub',
    ...headers,
  });
  response.end(body);
}

function complete(request: IncomingMessage, response: ServerResponse, body: string): void {
  requests += 1;
  if (options.capacity > 0 && open >= options.capacity) {
    tally('429');
    send(
      response,
      429,
      '{"error":{"message":"too many calls at once"}}',
      options.retryAfter > 0 ? { 'retry-after': String(options.retryAfter) } : {},
    );
    return;
  }
  let call: Call;
  try {
    call = JSON.parse(body) as Call;
  } catch {
    send(response, 400, '{"error":{"message":"the body is not JSON"}}');
    return;
  }
  const { messages, max_tokens = 1e6 } = call;
  const seed = typeof call.seed === 'number' ? call.seed : 0;
  if (!Array.isArray(messages)) {
    send(response, 400, '{"error":{"message":"messages are needed"}}');
    return;
  }
  const prompt = messages.map(({ content }) => String(content)).join('\n');
  const wait = limits.refuses(Math.ceil(prompt.length / 4) + max_tokens, options);
  if (wait !== undefined) {
    tally('429');
    send(response, 429, '{"error":{"message":"rate limit reached"}}', { 'retry-after': String(wait) });
    return;
  }
  const id = `${seed}/${prompt.length}`;
  const times = (calls.get(id) ?? 0) + 1;
  calls.set(id, times);
  if (times > 1) repeated += 1;
  enter();
  let closed = false;
  response.on('close', () => {
    if (!response.writableFinished && !closed) tally('aborted');
    if (!closed) leave();
    closed = true;
  });
  // The least question there is, which asks whether it is there at all.
  const fault = max_tokens === 1 ? undefined : faultOf(options, seed);
  const reply = () => replyTo(call, { prompt, seed, fault, cached: cached?.tokens });
  const answerTokens = options.cacheBlocks > 0 ? completionOf(call, { prompt, seed, fault }) : 0;
  const cached = options.cacheBlocks > 0 ? cache.admit(prompt, answerTokens, options.cacheBlocks) : undefined;
  const readMs = reader.readMs(tokensIn(prompt) - (cached?.tokens ?? 0), options.prefill, Date.now());
  response.on('close', () => cached?.end());
  const begins = call.stream === true && readMs > 0 && (fault === undefined || TEXT_FAULTS.has(fault));
  let events: readonly string[] = [];
  setTimeout(() => {
    if (closed) return;
    cached?.begin();
    if (!begins) return;
    events = eventsOf(reply());
    response.writeHead(200, { 'content-type': 'text/event-stream', server: 'proof-flywheel-stub' });
    response.write(events[0]);
    setTimeout(() => !closed && response.write(events[1] ?? ''), TOKEN_MS);
  }, readMs);
  setTimeout(
    () => {
      if (closed) return;
      tally(fault ?? 'answered');
      answered += 1;
      leave();
      closed = true;
      if (begins) {
        response.end(events.slice(2).join(''));
        return;
      }
      if (fault === 'refused') return send(response, 400, '{"error":{"message":"the stub refuses this one"}}');
      // What breaks once may work the next time: a 500 and a cut reply come for the first request only.
      if (fault === 'broken' && times === 1) return send(response, 500, '{"error":{"message":"the stub broke"}}');
      const text = reply();
      if (fault === 'cut' && times === 1) {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.write(text.slice(0, text.length / 2));
        setTimeout(() => request.socket.destroy(), 5);
        return;
      }
      if (fault === 'invalidUtf8') {
        const bytes = Buffer.from(text);
        bytes[bytes.indexOf('stub and says')] = 0xff;
        return send(response, 200, bytes);
      }
      if (call.stream === true) send(response, 200, eventsOf(text).join(''), { 'content-type': 'text/event-stream' });
      else send(response, 200, text);
    },
    readMs + (begins ? 2 * TOKEN_MS : 0) + latencyOf(options, seed),
  );
}

/** Time between the first two tokens of a stream. */
const TOKEN_MS = 10;

interface Asked {
  readonly prompt: string;
  readonly seed: number;
  readonly fault: Fault | undefined;
}

function saidTo({ prompt, seed, fault }: Asked): { readonly message: Message; readonly said: string } {
  const message = messageOf(answerTo(prompt, seed, options, fault), seed, options);
  return { message, said: `${message.reasoning_content ?? ''}${message.content ?? ''}` };
}

/** A huge answer has no more tokens than it was allowed, as far as anybody can tell. */
const completionOf = ({ max_tokens = 1e6 }: Call, asked: Asked): number =>
  Math.min(tokensIn(saidTo(asked).said), max_tokens - 1);

function replyTo(call: Call, { cached, ...asked }: Asked & { readonly cached: number | undefined }): string {
  const { prompt, seed, fault } = asked;
  const message = JSON.stringify({ role: 'assistant', ...saidTo(asked).message });
  const finish = fault === 'truncated' || cutInThought(seed, options) ? 'length' : 'stop';
  const build = options.says === 2 ? `stub-${options.checkpoint}` : 'stub';
  const model = options.says === 1 ? 'another' : call.model;
  const logprobs =
    call.logprobs === true && options.checkpoint > 0
      ? `,"logprobs":${JSON.stringify(logprobsOf(prompt, options))}`
      : '';
  const details =
    cached === undefined || options.tellsCached === 0 ? '' : `,"prompt_tokens_details":{"cached_tokens":${cached}}`;
  return (
    `{"id":"stub-${seed}","object":"chat.completion","system_fingerprint":"${build}","model":${JSON.stringify(model)}` +
    `,"choices":[{"index":0,"message":${message}${logprobs},"finish_reason":"${finish}"}]` +
    `,"usage":{"prompt_tokens":${tokensIn(prompt)},"completion_tokens":${completionOf(call, asked)}${details}}}`
  );
}

function stats(): string {
  const cpu = process.cpuUsage();
  const slot = Math.floor((Date.now() - began) / 100);
  note(slot);
  return JSON.stringify({
    self: SELF,
    options,
    requests,
    answered,
    open,
    peak,
    distinct: calls.size,
    repeated,
    counts,
    cache: { queried: cache.queried, hits: cache.hits, evicted: cache.evicted, overfull: cache.overfull },
    /** Most calls open at once in the last second. */
    peakOfLastSecond: Math.max(
      ...Array.from({ length: 11 }, (_, back) => recent[(slot - back + 1100) % 100] as number),
    ),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    upSeconds: (Date.now() - began) / 1000,
  });
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('error', () => response.destroy());
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer).toString('utf8') : Buffer.concat(chunks).toString('utf8');
    if (request.method === 'POST' && request.url === '/v1/chat/completions') complete(request, response, body);
    else if (request.url === '/metrics' && options.cacheBlocks > 0)
      send(response, 200, cache.metrics, { 'content-type': 'text/plain' });
    else if (request.url?.startsWith('/stats') === true) send(response, 200, stats());
    // It serves whatever it is asked for: a list would never be whole.
    else if (request.url === '/v1/models')
      send(
        response,
        200,
        JSON.stringify({
          object: 'list',
          data: (options.says === 1 ? ['another'] : []).map((id) => ({ id, object: 'model', owned_by: SELF })),
        }),
      );
    else if (request.url === '/options' && request.method === 'POST') {
      options = { ...options, ...(JSON.parse(body) as Partial<StubOptions>) };
      send(response, 200, JSON.stringify(options));
    } else if (request.url === '/health' || request.url === '/')
      send(response, 200, JSON.stringify({ self: SELF, faults: FAULTS }));
    else
      send(
        response,
        404,
        '{"error":{"message":"the stub knows /v1/chat/completions, /v1/models, /stats, /options and /health"}}',
      );
  });
});
server.keepAliveTimeout = 60_000;
server.listen(options.port, '127.0.0.1', () =>
  process.stdout.write(`${JSON.stringify({ self: SELF, port: (server.address() as AddressInfo).port })}\n`),
);
// Ends with the process that started it, even when that one is killed.
if (options.stays === 0) process.stdin.on('end', () => process.exit(0)).resume();
