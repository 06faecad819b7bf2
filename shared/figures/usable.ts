import type { Outcome, OutcomeKind, Sampling } from '../outcomes.ts';
import type { Task } from '../records.ts';
import type { Score } from '../scores.ts';
import { quoted } from '../texts.ts';
import { ENOUGH, isFew } from './losses.ts';
import type { Obedience } from './obedience.ts';

/** What a set's samples of one task came to, as they are read one after another. */
interface Came {
  samples: number;
  answered: number;
  /** Of judges' answers. */
  readonly verdicts: Score[];
  readonly lost: Map<string, Lost>;
}

/** Samples that are lost for the same reason. */
interface Lost {
  readonly why: Why;
  readonly text: string;
  count: number;
  readonly first: Outcome;
}

/** What is wrong, as far as what to do about it differs. */
type Why = 'short' | 'context' | 'thinking' | 'format' | 'failed' | 'other';

/** What each task was asked with. */
export type Limits = Readonly<Partial<Record<Task, Sampling>>>;

/** A set's outcomes, counted by task, kind and reason. */
export class SetWords {
  readonly #byTask = new Map<Task, Came>();
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** @param outcome the last one of a sample. */
  add(outcome: Outcome): void {
    const { task, kind, score } = outcome;
    const came = this.#byTask.get(task) ?? { samples: 0, answered: 0, verdicts: [], lost: new Map<string, Lost>() };
    this.#byTask.set(task, came);
    came.samples += 1;
    if (kind === 'answered') {
      came.answered += 1;
      if (score !== undefined && (task === 'verify' || task === 'metaVerify')) came.verdicts.push(score);
      return;
    }
    const { why, text } = reasonOf(kind, outcome, this.#limits[task]);
    const lost = came.lost.get(text) ?? { why, text, count: 0, first: outcome };
    came.lost.set(text, { ...lost, count: lost.count + 1 });
  }

  /** Of each task how many samples could be read. */
  obedience(): Obedience[] {
    return [...this.#byTask].map(([task, { answered, samples }]) => ({ task, answered, samples }));
  }

  /** Why the samples of a task that are lost could not be read, by count, with one of them; and what helps. */
  lost(task: Task): { readonly kinds: string; readonly sample: string; readonly helps: readonly string[] } {
    return lostOf(task, this.#byTask.get(task)?.lost ?? new Map<string, Lost>());
  }

  /**
   * What a person should know: that few answers can be read, by kind and reason, with one of them and what to do; and
   * that the judge always says the same. Undefined where there is nothing to say.
   */
  text(setId: string): string | undefined {
    const said = [...this.#byTask].flatMap(([task, came]) => [
      ...(isFew(came.answered, came.samples) ? [unread(setId, task, came)] : []),
      ...(came.verdicts.length >= ENOUGH && new Set(came.verdicts).size === 1 ? [alike(setId, task, came)] : []),
    ]);
    return said.length === 0 ? undefined : said.join('. ');
  }
}

function reasonOf(
  kind: Exclude<OutcomeKind, 'answered'>,
  { task, cause, reason = 'no reason given', text = '', thinking = '', usage }: Outcome,
  limits: Sampling | undefined,
): { readonly why: Why; readonly text: string } {
  if (kind === 'failed') return { why: 'failed', text: `failed (${cause ?? 'unknown'})` };
  if (kind === 'unparseable')
    return { why: /think/.test(reason) ? 'thinking' : 'format', text: `malformed (${reason})` };
  if (cause !== undefined && cause !== 'length') return { why: 'other', text: `cut off (${reason})` };
  if (limits === undefined) return { why: 'short', text: 'cut off at a limit' };
  const { maxTokens, maxThinkingTokens = 0 } = limits;
  const tokens = usage?.completionTokens ?? Infinity;
  // Some servers do not count the last token or two.
  if (tokens < 0.9 * (maxTokens + maxThinkingTokens))
    return { why: 'context', text: `cut off by the server before sampling.${task}.maxTokens ${maxTokens}` };
  return text === '' && thinking !== ''
    ? { why: 'thinking', text: `still thinking at sampling.${task}.maxTokens ${maxTokens}` }
    : { why: 'short', text: `stopped at sampling.${task}.maxTokens ${maxTokens}` };
}

function unread(setId: string, task: Task, { answered, samples, lost }: Came): string {
  const { kinds, sample, helps } = lostOf(task, lost);
  return (
    `${answered} of ${samples} answers of ${setId} (${task}) could be read: ${kinds}. One of them: ${sample}. What ` +
    `helps: ${helps.join('; ')}. \`flywheel ledger show ${setId}\` shows all`
  );
}

function lostOf(task: Task, lost: Came['lost']) {
  const reasons = [...lost.values()].sort((a, b) => b.count - a.count);
  const [most] = reasons;
  const { text, thinking, reason = '' } = most?.first ?? {};
  const remedies = Object.entries(REMEDIES).filter(([why]) => reasons.some((each) => each.why === why));
  return {
    kinds: reasons.map((each) => `${each.count} ${each.text}`).join(', '),
    sample: quoted(most?.why === 'failed' ? reason : text || thinking || ''),
    helps: remedies.map(([, remedy]) => remedy(task)),
  };
}

const REMEDIES: Readonly<Record<Why, (task: Task) => string>> = {
  short: (task) => `longer answers (sampling.${task}.maxTokens)`,
  context: () => 'more context at the server (FLYWHEEL_MODEL_CONTEXT of the bundled one), or shorter prompts',
  thinking: (task) =>
    `a look at how its thinking is told apart (docs/own-problems.md, "Thinking"), and a limit of its own ` +
    `(sampling.${task}.maxThinkingTokens)`,
  format: () => 'a base that keeps the format (`flywheel base teach-format` makes one), or prompts that show it better',
  failed: () => 'a look at what `flywheel doctor` says of the server',
  other: () => 'another server, or prompts that its filter lets pass',
};

const JUDGES: Readonly<Partial<Record<Task, string>>> = { verify: 'verifier', metaVerify: 'meta-verifier' };

function alike(setId: string, task: Task, { verdicts }: Came): string {
  return (
    `The ${JUDGES[task]} of ${setId} said ${verdicts[0]} in all its ${verdicts.length} verdicts: it tells nothing ` +
    `apart, and labels and rewards by it are worth nothing. What helps: a longer training of it, on scores of every ` +
    `kind; \`flywheel ledger show ${setId} --task ${task}\` shows what it said`
  );
}
