import { createInterface } from 'node:readline/promises';
import type { FlagMessage, VerdictMessage } from '../shared/reviewMessages.ts';
import type { ReviewProgress } from '../shared/reviews.ts';
import type { Score } from '../shared/scores.ts';
import * as messages from '../workflows/messages.ts';
import type { ReviewDesk } from './reviewDesk.ts';
import { questionText } from './reviewView.ts';

/** Reviews that are offered in one sitting. */
const OFFERED = 200;

export interface Sitting {
  readonly desk: ReviewDesk;
  readonly annotator: string;
  /** Decide disagreements instead of filling seats. */
  readonly lead: boolean;
  readonly set?: string | undefined;
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Goes through the open questions, one at a time, until there are no more or the person stops. @returns the number of answers given */
export async function sitDown({ desk, annotator, lead, set, input, output }: Sitting): Promise<number> {
  const lines = createInterface({ input, output });
  const typed = lines[Symbol.asyncIterator]();
  const say = (text: string) => output.write(`${text}\n`);
  /** Undefined at the end of the input. */
  const ask = async (prompt: string): Promise<string | undefined> => {
    output.write(prompt);
    const { value, done } = await typed.next();
    return done === true ? undefined : value.trim();
  };
  const askScore = async (): Promise<Score | 'skip' | 'flag' | 'quit'> => {
    for (;;) {
      const answer = await ask('Score 0, 0.5 or 1 (s skips, f flags a faulty problem, q stops): ');
      if (answer === undefined || answer === 'q') return 'quit';
      if (answer === 's') return 'skip';
      if (answer === 'f') return 'flag';
      const score = scoreFrom(answer);
      if (score !== undefined) return score;
      say(`Expected 0, 0.5, 1, s, f or q, got ${JSON.stringify(answer)}`);
    }
  };

  let given = 0;
  try {
    for (const { workflowId, progress } of await desk.open({ set, limit: OFFERED })) {
      if (!progress || !isFor(progress, annotator, lead)) continue;
      if (!lead && !(await claimed(desk, workflowId, annotator))) continue;
      say(`\n${questionText(progress, await desk.subject(progress.question))}`);
      const score = await askScore();
      if (typeof score === 'string' && score !== 'flag') {
        if (!lead) await desk.send(workflowId, messages.release, { annotator });
        if (score === 'quit') break;
        continue;
      }
      const comment = (await ask(score === 'flag' ? 'What is wrong with it: ' : 'Comment (may be empty): ')) ?? '';
      try {
        if (score === 'flag') await desk.send<unknown, FlagMessage>(workflowId, messages.flagProblem, { annotator, reason: comment });
        else await desk.send<unknown, VerdictMessage>(workflowId, lead ? messages.adjudicate : messages.submitVerdict, { annotator, score, comment });
        given += 1;
        say('Recorded.');
      } catch (error) {
        say(`Not recorded: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    lines.close();
  }
  return given;
}

export function scoreFrom(text: string): Score | undefined {
  return ({ '0': 0, '0.5': 0.5, '.5': 0.5, '1': 1 } as const satisfies Record<string, Score> as Record<string, Score>)[text];
}

/** Whether this person has something to say here. */
function isFor({ status, seats }: ReviewProgress, annotator: string, lead: boolean): boolean {
  const hasAnswered = seats.some((seat) => seat.state === 'answered' && seat.annotator === annotator);
  return !hasAnswered && status === (lead ? 'disagreement' : 'open');
}

/** False when others took the last seat meanwhile. */
async function claimed(desk: ReviewDesk, workflowId: string, annotator: string): Promise<boolean> {
  try {
    await desk.send(workflowId, messages.claim, { annotator });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Expected ')) return false;
    throw error;
  }
}
