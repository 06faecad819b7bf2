import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { ChatMessage } from '../../shared/records.ts';
import type { TemplateKwargs, ThinkingTags } from '../../shared/thinking.ts';
import type { Environment } from '../processes/records.ts';
import { Journal, type JournalLines } from '../store/journal.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What a base is asked for; its text depends on nothing else. The contract is trainer/teach.py. */
export interface Ask {
  readonly id: string;
  readonly messages: readonly ChatMessage[];
  /** Put into its mouth. @default nothing */
  readonly forced?: string;
  readonly thinking?: ThinkingTags | undefined;
  /** What it thought before; absent, of a base that thinks: that is what is asked for. */
  readonly thought?: string | undefined;
  readonly templateKwargs?: TemplateKwargs | undefined;
  readonly maxTokens: number;
  /** @default 1 */
  readonly temperature?: number;
  /** @default 1 */
  readonly topP?: number;
  readonly seed: number;
}

/** What it wrote. */
export interface OwnText {
  readonly text: string;
  /** Whether it came to an end by itself. */
  readonly ended: boolean;
  readonly tokens: number;
}

interface Kept extends OwnText {
  readonly key: string;
}

const LINES: JournalLines<Kept> = {
  what: 'a text of a base',
  remedy: 'Remove the file, and all of its texts are written anew.',
  isOne: ({ key, text, ended, tokens }) =>
    [typeof key, typeof text].every((type) => type === 'string') &&
    typeof ended === 'boolean' &&
    typeof tokens === 'number',
};

/** The trainer's Python. */
export interface Speaker {
  readonly python: string;
  /** The project's root, where `trainer` is. */
  readonly root: string;
  readonly env: Environment;
}

interface Writer {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string, unknown>;
  readonly lastWords: () => string;
}

/** A checkpoint that writes. Its texts are kept as they come: what was written once is not asked for again. */
export class OwnTexts {
  readonly #speaker: Speaker;
  readonly #folder: string;
  readonly #kept: Map<string, OwnText>;
  readonly #journal: Journal<Kept>;
  #writer: Writer | undefined;

  private constructor(speaker: Speaker, folder: string, journal: Journal<Kept>, kept: Map<string, OwnText>) {
    this.#speaker = speaker;
    this.#folder = folder;
    this.#journal = journal;
    this.#kept = kept;
  }

  /**
   * @param uri where its texts are kept: of this checkpoint alone.
   * @throws LeaseHeld when another process has it write.
   */
  static async of(store: ArtifactStore, checkpoint: string, uri: string, speaker: Speaker): Promise<OwnTexts> {
    const kept = new Map<string, OwnText>();
    const onLine = ({ key, ...text }: Kept) => kept.set(key, text);
    const journal = await Journal.open<Kept>(store, uri, { lines: LINES, onLine });
    return new OwnTexts(speaker, await store.local(checkpoint), journal, kept);
  }

  /**
   * Its texts, in the order of the asks.
   * @param onText is told how many there are, of how many.
   * @throws the signal's reason when aborted, and where the base cannot write, with its last words.
   */
  async write(
    asks: readonly Ask[],
    signal: AbortSignal,
    onText: (done: number, of: number) => void = () => undefined,
  ): Promise<OwnText[]> {
    const keys = asks.map(keyOf);
    const missing = asks.filter((_, index) => !this.#kept.has(keys[index] as string));
    if (missing.length > 0)
      await this.#fill(missing, signal, (count) => onText(asks.length - missing.length + count, asks.length));
    return keys.map((key) => this.#kept.get(key) as OwnText);
  }

  /** Another checkpoint may need the memory. */
  async close(): Promise<void> {
    this.#writer?.child.stdin?.end();
    await this.#journal.close();
  }

  async #fill(asks: readonly Ask[], signal: AbortSignal, onText: (count: number) => void): Promise<void> {
    signal.throwIfAborted();
    const { child, lines, lastWords } = (this.#writer ??= this.#start());
    const keyById = new Map(asks.map((ask) => [ask.id, keyOf(ask)]));
    const stop = () => child.kill();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (const ask of asks) child.stdin?.write(`${JSON.stringify(ask)}\n`);
      while (keyById.size > 0) {
        const line = await lines.next();
        signal.throwIfAborted();
        if (line.done === true)
          throw new Error(`Expected the model in ${this.#folder} to write ${asks.length} texts, got ${lastWords()}`);
        const { id, ...text } = JSON.parse(line.value) as OwnText & { readonly id: string };
        const key = keyById.get(id) as string;
        await this.#journal.append({ key, ...text });
        this.#kept.set(key, text);
        keyById.delete(id);
        onText(asks.length - keyById.size);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** It ends with its input, and so with this process, whatever ends that. */
  #start(): Writer {
    const { python, root, env } = this.#speaker;
    const child = spawn(python, ['-m', 'trainer.teach', this.#folder], { cwd: root, env });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4096);
    });
    child.on('error', (error) => {
      said += `\n${error.message}`;
    });
    child.stdin.on('error', () => undefined); // it has ended; its last words say why
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, lines, lastWords: () => said.trim().split('\n').at(-1) || 'an end without a word' };
  }
}

const keyOf = (ask: Ask): string => createHash('sha256').update(JSON.stringify(ask)).digest('hex');
