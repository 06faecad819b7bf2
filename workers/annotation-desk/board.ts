import type { OpenReview, ReviewDesk } from '../../activities/reviews/desk.ts';
import * as messages from '../../shared/review/messages.ts';
import type { ReviewProgress } from '../../shared/review/reviews.ts';
import { canTake, hasGivenBack, waitsFor } from '../../shared/review/waiting.ts';
import type { Person } from './people.ts';
import { questionIdOf } from './questionIds.ts';

/** A question with how it stood when it was last asked. */
export type KnownReview = OpenReview & { readonly progress: ReviewProgress };

/** Ours: how old the list of questions may be, and how one stands, before it is looked at again. */
const LIST_MS = 3_000;
const PROGRESS_MS = 15_000;
/** Ours: questions asked at once, and in one look at all. */
const ASKED_AT_ONCE = 8;
const ASKED_IN_A_LOOK = 200;

/**
 * The open questions as the desk last saw them: hints for lists, so that a page costs no question to the server. What
 * is sent to a question is decided by the question.
 */
export class Board {
  readonly #reviews: ReviewDesk;
  readonly #known = new Map<string, OpenReview & { readonly askedAt: number }>();
  /** Workflow ids of all that was ever seen open here, by the desk's own ids. */
  readonly #ids = new Map<string, string>();
  #listedAt = 0;
  #looking: Promise<void> | undefined;

  constructor(reviews: ReviewDesk) {
    this.#reviews = reviews;
  }

  /** Open questions, the oldest first; waits only for the first look. */
  async open(): Promise<readonly KnownReview[]> {
    if (Date.now() - this.#listedAt > LIST_MS) this.#looking ??= this.#lookOnce();
    if (this.#listedAt === 0) await this.#looking;
    else this.#looking?.catch(() => undefined); // the next request looks again
    return [...this.#known.values()].flatMap(({ progress, ...review }) => (progress ? [{ ...review, progress }] : []));
  }

  /** The workflow of a question, by the desk's id or its own; undefined where none was ever open. */
  async workflowOf(id: string): Promise<string | undefined> {
    if (id.includes('/')) return id;
    if (!this.#ids.has(id)) await (this.#looking ??= this.#lookOnce());
    return this.#ids.get(id);
  }

  /** Asks a question how it stands, after something was sent to it or for its page; undefined where it is not open. */
  async ask(workflowId: string): Promise<ReviewProgress | undefined> {
    const reply = await this.#reviews.send(workflowId, messages.reviewProgress);
    const progress = reply.kind === 'answered' ? reply.answer : undefined;
    const known = this.#known.get(workflowId);
    if (progress?.status === 'open' || progress?.status === 'disagreement') {
      if (known) this.#known.set(workflowId, { ...known, progress, askedAt: Date.now() });
    } else this.#known.delete(workflowId);
    return progress;
  }

  /** The same for the lists alone: what was sent was taken, whether or not its question can be asked now. */
  async refresh(workflowId: string): Promise<void> {
    await this.ask(workflowId).catch(() => undefined);
  }

  /** Questions that somebody may take, in the order in which they are offered. */
  async offered({ id, isPaused }: Person): Promise<readonly KnownReview[]> {
    if (isPaused) return [];
    const free = (await this.open()).filter(({ progress }) => canTake(progress, id, Date.now()));
    const isPutBack = ({ progress }: KnownReview) => hasGivenBack(progress, id, 'tooLong');
    return [...free.filter((one) => !isPutBack(one)), ...free.filter(isPutBack)];
  }

  /** Questions that wait for a lead. */
  async forLead({ id }: Person): Promise<readonly KnownReview[]> {
    return (await this.open()).filter(({ progress }) => waitsFor(progress, id, true));
  }

  #lookOnce(): Promise<void> {
    return this.#look().finally(() => (this.#looking = undefined));
  }

  async #look(): Promise<void> {
    const listed = await this.#reviews.list();
    const before = new Map(this.#known);
    this.#known.clear();
    for (const review of listed) {
      this.#ids.set(questionIdOf(review.workflowId), review.workflowId);
      const { progress, askedAt = 0 } = before.get(review.workflowId) ?? {};
      this.#known.set(review.workflowId, { ...review, ...(progress && { progress }), askedAt });
    }
    const now = Date.now();
    const stale = [...this.#known.values()]
      .filter(({ askedAt }) => now - askedAt > PROGRESS_MS)
      .sort((one, other) => one.askedAt - other.askedAt)
      .slice(0, ASKED_IN_A_LOOK)
      .values();
    await Promise.all(
      Array.from({ length: ASKED_AT_ONCE }, async () => {
        for (const { workflowId } of stale) await this.refresh(workflowId);
      }),
    );
    this.#listedAt = Date.now();
  }
}
