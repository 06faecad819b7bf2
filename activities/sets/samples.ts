import type { Outcome } from '../../shared/outcomes.ts';
import { seedOf } from '../../shared/seeds.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import type { PromptSet } from '../store/promptSet.ts';
import { callKey, questionDigest } from '../inference/keys.ts';
import type { Question } from '../inference/types.ts';
import { written } from '../inference/written.ts';
import type { ShardRun } from './shard.ts';

/** A question about a row: its samples share the prompt and the digest of it. */
export interface RowQuestion extends Question {
  readonly row: string;
  readonly seed: number;
  readonly digest: string;
}

/** @throws BadRow, with the row's id, when the row lacks what its task's prompt needs. */
export function rowQuestion(
  prompts: PromptSet,
  { id, problem, ...texts }: SetRow,
  asked: Omit<Question, 'messages'> & Pick<RowQuestion, 'seed'>,
): RowQuestion {
  try {
    const messages = written(prompts.render(asked.task, { ...texts, problem: problem.statement }));
    const question = { ...asked, messages, row: id };
    return { ...question, digest: questionDigest(question) };
  } catch (error) {
    throw new BadRow(`Row ${JSON.stringify(id)}: ${(error as Error).message}`, { cause: error });
  }
}

/** A row that no retry can mend. */
class BadRow extends Error {
  override readonly name = 'BadRow';
}

/**
 * Calls about one question that are made at once, from which on one goes first, so that the others find the prompt in
 * the server's cache. Ours: of three it would spare two prompts, and the calls may wait for the first longer than that.
 */
export const SHARES_FROM = 4;

interface SamplingOnce {
  readonly attempts: number;
  readonly again: (outcome: Outcome) => boolean;
  /** Calls about the question that are made now. */
  readonly atOnce: number;
}

export interface Sampled {
  readonly outcome: Outcome;
  /** Keys of all its attempts, the outcome's last. */
  readonly keys: readonly string[];
}

/**
 * One sample of a row: asked again under a new seed while `again` says so, at most `attempts` times; every outcome is
 * on the ledger, the last one counts. On a ledger that has later attempts it goes on from the last of them: an earlier
 * failure is not asked again.
 */
export async function sampleOnce(
  run: ShardRun,
  question: RowQuestion,
  sample: number,
  { attempts, again, atOnce }: SamplingOnce,
): Promise<Sampled> {
  const { row, task, model, messages, sampling, maxRevisions, digest } = question;
  const which = (attempt: number) => {
    const seed = seedOf(question.seed, row, task, sample, attempt);
    return { seed, key: callKey(digest, { seed, sample, attempt }) };
  };
  const sharedPrompt = atOnce >= SHARES_FROM ? digest : undefined;
  const keys: string[] = [];
  for (let attempt = 0; ; attempt += 1) {
    const { seed, key } = which(attempt);
    keys.push(key);
    const last = attempt + 1 >= attempts;
    const passed = !last && run.ledger.has(key) && run.ledger.has(which(attempt + 1).key);
    const outcome = passed
      ? ((await run.ledger.get(key)) as Outcome)
      : await run.asker.ask(
          { key, row, sample, attempt, task, model, messages, sampling, maxRevisions, seed, sharedPrompt },
          run.signal,
        );
    run.count(outcome);
    if (last || !again(outcome)) return { outcome, keys };
  }
}
