import type { QueryDefinition, UpdateDefinition } from '@temporalio/common';
import type { OpenReview, Reply, ReviewDesk } from '../../../activities/reviews/desk.ts';
import type { SubjectRow } from '../../../activities/reviews/subjectRows.ts';
import * as messages from '../../../shared/review/messages.ts';
import type {
  ExpertReviewInput,
  Question,
  ReviewPolicy,
  ReviewState,
  Verdict,
} from '../../../shared/review/reviews.ts';
import * as rules from '../../../shared/review/reviewState.ts';
import { reviewProgress } from '../../../shared/review/reviewText.ts';

const HOUR_MS = 3_600_000;

interface Asked {
  readonly input: ExpertReviewInput;
  readonly row: SubjectRow;
  readonly openedAt: string;
  state: ReviewState;
}

/**
 * A fake of reviews, for tests of the desk in a browser: the rules are the real ones, the questions lie in memory, and
 * there is no server.
 */
export class FakeReviews implements ReviewDesk {
  readonly #asked = new Map<string, Asked>();
  /** What was sent, the newest last. */
  readonly sent: { readonly workflowId: string; readonly name: string; readonly sent: unknown }[] = [];

  ask(row: SubjectRow, more: Partial<ReviewPolicy> & Partial<Pick<Question, 'kind' | 'setId'>> = {}): string {
    const { kind = 'scoreProof', setId = 'main/lap-0001/cold-start/experts', ...policy } = more;
    const workflowId = `${setId}/${row.id}`;
    const subject = { uri: 'datasets/fake.jsonl', sha256: '0'.repeat(64), rows: 1 };
    const question = { setId, id: row.id, kind, lap: 'main/lap-0001', subject, row: this.#asked.size };
    const whole = { seats: 2, leaseMinutes: 90, deadlineHours: 72, onDeadline: 'wait' as const, ...policy };
    const openedAt = new Date().toISOString();
    this.#asked.set(workflowId, { input: { question, policy: whole }, row, openedAt, state: rules.openReview(whole) });
    return workflowId;
  }

  /** Takes a question away. */
  end(workflowId: string): void {
    this.#asked.delete(workflowId);
  }

  async list(): Promise<readonly OpenReview[]> {
    const open = [...this.#asked].filter(([, { state }]) => rules.resultOf(state) === undefined);
    return open.map(([workflowId, { input, openedAt }]) => {
      const { setId, id, kind, lap } = input.question;
      return { workflowId, openedAt, setId, question: id, kind, lap };
    });
  }

  open(): Promise<readonly OpenReview[]> {
    return this.list();
  }

  async verdictsOf(person: string, { setId, id }: Pick<Question, 'setId' | 'id'>): Promise<readonly Verdict[]> {
    const seats = this.#asked.get(`${setId}/${id}`)?.state.seats ?? [];
    return seats.flatMap((seat) =>
      seat.kind === 'answered' && seat.verdict.annotator === person
        ? [seat.verdict, ...(seat.assisted ? [seat.assisted] : [])]
        : [],
    );
  }

  async texts({ row }: Pick<Question, 'row'>): Promise<SubjectRow> {
    const found = [...this.#asked.values()].find(({ input }) => input.question.row === row);
    if (found === undefined) throw new Error(`Expected a question of row ${row}, got none`);
    return found.row;
  }

  async send<Answer, Sent>(
    workflowId: string,
    message: UpdateDefinition<Answer, [Sent]> | QueryDefinition<Answer>,
    sent?: Sent,
  ): Promise<Reply<Answer>> {
    const asked = this.#asked.get(workflowId);
    if (asked === undefined) return { kind: 'closed', reason: `Expected an open question, got ${workflowId}` };
    if (message.type === 'query')
      return {
        kind: 'answered',
        answer: reviewProgress(asked.input, asked.state, Date.parse(asked.openedAt) + 72 * HOUR_MS) as Answer,
      };
    this.sent.push({ workflowId, name: message.name, sent });
    const move = this.#move(asked, message.name, sent);
    if (move.kind === 'refused') return move;
    asked.state = move.state;
    return { kind: 'answered', answer: move.answer as Answer };
  }

  #move({ input: { policy }, state }: Asked, name: string, sent: unknown): rules.Move<unknown> {
    const now = Date.now();
    const read = <T>(by: (payload: unknown) => messages.Read<T>, move: (value: T) => rules.Move<unknown>) => {
      const value = by(sent);
      return value.kind === 'read' ? move(value.value) : value;
    };
    switch (name) {
      case 'claim':
        return read(messages.readClaim, ({ annotator }) => rules.claim(state, annotator, policy, now));
      case 'withdraw':
        return read(messages.readClaim, ({ annotator }) => rules.withdraw(state, annotator, policy, now));
      case 'release':
        return read(messages.readRelease, (value) => rules.release(state, value, now));
      case 'submitVerdict':
        return read(messages.readVerdict, (value) => rules.submitVerdict(state, value, now));
      case 'adjudicate':
        return read(messages.readVerdict, (value) => rules.adjudicate(state, value, now));
      case 'flagProblem':
        return read(messages.readFlag, (value) => rules.flagProblem(state, value, now));
      default:
        throw new Error(`Expected a message of reviews, got ${name}`);
    }
  }
}
