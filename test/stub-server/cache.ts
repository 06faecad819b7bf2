import { createHash } from 'node:crypto';

/** Tokens of a block, as vLLM's; a token is four characters here. */
const BLOCK_TOKENS = 16;
const TOKEN_CHARACTERS = 4;

export const tokensIn = (text: string): number => Math.ceil(text.length / TOKEN_CHARACTERS);

interface Block {
  /** Requests under way that have it. */
  users: number;
  /** A request that had it has begun to be answered. */
  isRead: boolean;
}

/** A request's part of the cache. */
export interface Cached {
  /** Tokens of its prompt that need not be read. */
  readonly tokens: number;
  /** It begins to be answered. */
  begin(): void;
  /** It has ended: what it had stays until the room is needed. */
  end(): void;
}

/**
 * What a server remembers of prompts: blocks of 16 tokens, each known by all tokens up to its end, as vLLM does it. At
 * least a prompt's last token is read anew. Requests under way keep their blocks, prompt and answer; of the others the
 * longest unused goes first, of one prompt its end. Stricter than vLLM and SGLang, which may find a block in the batch
 * in which it is read: here it counts from when a request that had it has begun to be answered, and is looked up when
 * the request comes.
 */
export class PrefixCache {
  /** In the order in which they go, those in use among them. */
  readonly #blocks = new Map<string, Block>();
  /** Blocks in use that are no other request's: being read twice, or answers. */
  #own = 0;
  #answers = 0;
  queried = 0;
  hits = 0;
  evicted = 0;
  /** Times that there was room for nothing more: requests under way need more than all. */
  overfull = 0;

  admit(prompt: string, answerTokens: number, capacity: number): Cached {
    const keys = keysOf(prompt);
    const known = keys.findIndex((key) => this.#blocks.get(key)?.isRead !== true);
    const hits = keys.slice(0, known < 0 ? keys.length : known);
    const whole = Math.floor((tokensIn(prompt) - 1) / BLOCK_TOKENS);
    const tokens = Math.min(hits.length, whole) * BLOCK_TOKENS;
    this.queried += tokensIn(prompt);
    this.hits += tokens;
    for (const key of hits) (this.#blocks.get(key) as Block).users += 1;
    const answer = Math.ceil(answerTokens / BLOCK_TOKENS);
    const own = keys.length - hits.length + answer;
    this.#own += own;
    this.#makeRoom(capacity);
    let held: readonly string[] = hits;
    return {
      tokens,
      begin: () => {
        held = keys;
        for (const key of keys.slice(hits.length)) {
          const block = this.#blocks.get(key) ?? { users: 0, isRead: true };
          block.users += 1;
          this.#blocks.set(key, block);
        }
        this.#own -= own - answer;
        this.#makeRoom(capacity);
      },
      end: () => {
        this.#own -= held === keys ? answer : own;
        this.#answers += 1;
        for (let index = answer; index > 0; index -= 1)
          this.#blocks.set(`answer ${this.#answers} ${index}`, { users: 0, isRead: true });
        for (const key of held.toReversed()) {
          const block = this.#blocks.get(key) as Block;
          block.users -= 1;
          this.#blocks.delete(key);
          this.#blocks.set(key, block);
        }
        this.#makeRoom(capacity);
      },
    };
  }

  /** As vLLM tells them at `/metrics`, in tokens. */
  get metrics(): string {
    const counter = (name: string, value: number) => `# TYPE ${name} counter\n${name}{model_name="m"} ${value}.0\n`;
    return (
      counter('vllm:prefix_cache_queries_total', this.queried) + counter('vllm:prefix_cache_hits_total', this.hits)
    );
  }

  #makeRoom(capacity: number): void {
    for (const [key, { users }] of this.#blocks) {
      if (this.#blocks.size + this.#own <= capacity) return;
      if (users > 0) continue;
      this.#blocks.delete(key);
      this.evicted += 1;
    }
    if (this.#blocks.size + this.#own > capacity) this.overfull += 1;
  }
}

/** Of whole blocks only. */
function keysOf(prompt: string): string[] {
  const keys: string[] = [];
  let key = '';
  const size = BLOCK_TOKENS * TOKEN_CHARACTERS;
  for (let at = 0; at + size <= prompt.length; at += size) {
    key = createHash('sha1')
      .update(key)
      .update(prompt.slice(at, at + size))
      .digest('base64');
    keys.push(key);
  }
  return keys;
}

/** How a server reads prompts: one after the other, so many tokens a second. */
export class Reader {
  #freeAt = 0;

  /** Milliseconds until these tokens are read; 0 where no speed is given. */
  readMs(tokens: number, tokensPerSecond: number, now: number): number {
    if (tokensPerSecond === 0) return 0;
    this.#freeAt = Math.max(this.#freeAt, now) + (tokens / tokensPerSecond) * 1000;
    return this.#freeAt - now;
  }
}
