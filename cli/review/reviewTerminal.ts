import { createInterface, type Interface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import * as messages from '../../shared/review/messages.ts';
import type { GivenBack } from '../../shared/review/reviews.ts';
import type { Score } from '../../shared/scores.ts';
import type { OpenReview, Reply, ReviewDesk } from '../../activities/reviews/desk.ts';
import { visibleTo } from '../../activities/reviews/visible.ts';
import { analysesText, questionText } from './reviewView.ts';

/** Reviews that are offered at a time; when they are done, the next are. */
const OFFERED = 200;
/** Ours: how often somebody who waits looks for new questions. */
const LOOK_MS = 2_000;

interface Sitting {
  readonly desk: ReviewDesk;
  readonly annotator: string;
  /** Decide disagreements and flags instead of filling seats. */
  readonly lead: boolean;
  readonly set?: string | undefined;
  /** When nothing is open, wait for what a later phase asks, instead of ending. */
  readonly wait?: boolean;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** What a person typed about a question, on one line. */
type Typed =
  | { readonly kind: 'score'; readonly score: Score; readonly uncertain: boolean; readonly comment: string }
  | { readonly kind: 'giveBack'; readonly reason: GivenBack['reason'] }
  | { readonly kind: 'flag'; readonly reason: string }
  | { readonly kind: 'skip' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unclear'; readonly why: string };

/** Reads a line such as `0.5 the last step needs n > 1`. */
export function readTyped(line: string): Typed {
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(line.trim()) ?? [];
  const uncertain = word.endsWith('?');
  const score = scoreFrom(uncertain ? word.slice(0, -1) : word);
  if (score !== undefined) return { kind: 'score', score, uncertain, comment: rest };
  if (word === 'f')
    return rest === ''
      ? { kind: 'unclear', why: 'Expected f with what is wrong, such as "f the statement is cut off", got f alone' }
      : { kind: 'flag', reason: rest };
  if (rest === '' && word === 's') return { kind: 'skip' };
  if (rest === '' && word === 'd') return { kind: 'giveBack', reason: 'outOfMyDepth' };
  if (rest === '' && word === 'l') return { kind: 'giveBack', reason: 'tooLong' };
  if (rest === '' && word === 'q') return { kind: 'quit' };
  return word === ''
    ? { kind: 'nothing' }
    : { kind: 'unclear', why: `Expected 0, 0.5, 1, s, d, l, f or q first, got ${JSON.stringify(line.trim())}` };
}

/** How a sitting ended. */
export interface Sat {
  /** Answers that were given. */
  readonly given: number;
  /** Because nothing was open, because the person stopped, or because the input had ended. */
  readonly end: 'nothing open' | 'stopped' | 'input over';
  /** Lines of the input that no question was asked for. */
  readonly unused: number;
}

/**
 * Goes through the open questions, one at a time, until there are no more or the person stops. Who waits, and has lines
 * left, is asked what is opened later; an input that has ended, and has none, ends it.
 */
export async function sitDown(sitting: Sitting): Promise<Sat> {
  const { desk, annotator, lead, set, wait, input, output } = sitting;
  const lines = new Lines(input, output);
  const say = (text: string) => output.write(`${text}\n`);
  const ask = async (): Promise<Typed> => {
    output.write(
      'Score 0, 0.5 or 1 (0.5? where uncertain) and a comment; s skip, d out of my depth, l later, f REASON faulty, ' +
        'q stop: ',
    );
    const line = await lines.next();
    return line === undefined ? { kind: 'quit' } : readTyped(line);
  };

  /** Answered or skipped in this sitting. */
  const seen = new Set<string>();
  const openForMe = () => desk.open({ set, limit: OFFERED, annotator, lead, skip: seen });

  let given = 0;
  const end = (end: Sat['end']): Sat => ({ given, end, unused: lines.waiting });
  const stop = (): Sat => end(lines.over && !lines.typing ? 'input over' : 'stopped');
  const goesOn = (): boolean => wait === true && !lines.over && !lines.stop;
  try {
    for (;;) {
      let open = await openForMe();
      if (open.length === 0 && goesOn())
        say('Nothing is open for you now; waiting for the next question (Ctrl-C ends).');
      while (open.length === 0 && goesOn()) {
        await sleep(LOOK_MS);
        open = await openForMe();
      }
      if (open.length === 0) return wait === true ? stop() : end('nothing open');
      for (const [index, review] of open.entries()) {
        const did = await answerOne(sitting, review, `Question ${index + 1} of ${open.length}`, ask, say);
        if (did === 'quit') return stop();
        if (did === 'answered') given += 1;
        seen.add(review.workflowId);
      }
    }
  } finally {
    lines.close();
  }
}

/** What is typed or piped in, a line at a time: lines that came before they were asked for wait. */
class Lines {
  /** Whether somebody sits at a terminal. */
  readonly typing: boolean;
  readonly #typed: Interface;
  readonly #waiting: string[] = [];
  #ended = false;
  #came: () => void = () => undefined;

  constructor(input: NodeJS.ReadableStream, output: NodeJS.WritableStream) {
    this.typing = 'isTTY' in input && input.isTTY === true;
    this.#typed = createInterface({ input: this.typing ? input : plain(input), output });
    this.#typed.on('line', (line) => {
      if (this.typing || line.trim() !== '') this.#waiting.push(line);
      this.#came();
    });
    this.#typed.once('close', () => {
      this.#ended = true;
      this.#came();
    });
  }

  /** Lines that came and were not asked for. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether the next line stops the sitting. */
  get stop(): boolean {
    return readTyped(this.#waiting[0] ?? '').kind === 'quit';
  }

  /** Whether there is no line, and none will come. */
  get over(): boolean {
    return this.#ended && this.waiting === 0;
  }

  /** The next line, once it is there; undefined at the end. */
  async next(): Promise<string | undefined> {
    while (this.waiting === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#came = resolve));
    return this.#waiting.shift();
  }

  close(): void {
    this.#typed.close();
  }
}

/** A text from elsewhere, without the characters at which later Nodes end a line, too. */
function plain(input: NodeJS.ReadableStream): Readable {
  input.setEncoding('utf8');
  return Readable.from(input).map((chunk: string) => chunk.replace(/[\u0085\u2028\u2029]/g, ' '));
}

/** One question, until it is answered, skipped or closed by others. */
async function answerOne(
  { desk, annotator, lead }: Sitting,
  { workflowId, progress }: OpenReview,
  place: string,
  ask: () => Promise<Typed>,
  say: (text: string) => void,
): Promise<'answered' | 'skip' | 'quit'> {
  if (progress === undefined) return 'skip';
  let hasScored = progress.seats.some((seat) => seat.state === 'scoredOnce' && seat.annotator === annotator);
  const isSeated = !lead && !hasScored;
  // others may have taken the last seat meanwhile
  if (isSeated && (await desk.send(workflowId, messages.claim, { annotator })).kind !== 'answered') return 'skip';
  const row = await desk.texts(progress.question);
  say(`\n${place}. ${questionText(progress, visibleTo({ annotator, lead }, progress, row))}`);
  const give = (answer: Extract<Typed, { kind: 'score' | 'flag' }>): Promise<Reply<unknown>> => {
    if (answer.kind === 'flag')
      return desk.send(workflowId, messages.flagProblem, { annotator, reason: answer.reason });
    const { score, comment, uncertain } = answer;
    const verdict = {
      annotator,
      score,
      comment,
      ...(uncertain && { uncertain }),
      ...(hasScored && { assisted: true }),
    };
    return desk.send(workflowId, lead ? messages.adjudicate : messages.submitVerdict, verdict);
  };
  for (;;) {
    const answer = await ask();
    if (answer.kind === 'nothing') continue;
    if (answer.kind === 'unclear') {
      say(answer.why);
      continue;
    }
    if (answer.kind === 'skip' || answer.kind === 'quit') {
      if (isSeated) await desk.send(workflowId, messages.release, { annotator });
      return answer.kind;
    }
    if (answer.kind === 'giveBack') {
      await desk.send(workflowId, messages.release, { annotator, reason: answer.reason });
      return 'skip';
    }
    try {
      const reply = await give(answer);
      say(reply.kind === 'answered' ? 'Recorded.' : `Not recorded: ${reply.reason}`);
      const looksAgain = reply.kind === 'answered' && answer.kind === 'score' && progress.assisted && !lead;
      if (!looksAgain || hasScored) return reply.kind === 'answered' ? 'answered' : 'skip';
      hasScored = true;
      say(`${analysesText(row.analyses ?? [])}\n\nWith these in view, score again: the same, or changed.`);
    } catch (error) {
      say(`Not recorded: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const SCORES = new Map<string, Score>([
  ['0', 0],
  ['0.5', 0.5],
  ['.5', 0.5],
  ['1', 1],
]);

export const scoreFrom = (text: string): Score | undefined => SCORES.get(text);
