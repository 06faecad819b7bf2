import * as messages from '../../../shared/review/messages.ts';
import type { ReviewEntry } from '../../../shared/review/reviews.ts';
import { questionOf } from '../../../shared/ids.ts';
import type { Reply, ReviewDesk } from '../desk.ts';
import type { ReviewLog } from '../log.ts';
import type { Brought, Saying } from './brought.ts';

/** A row that did not become a verdict, and why in the review's own words. */
export interface NotTaken {
  readonly where: string;
  readonly question?: string;
  readonly annotator?: string;
  readonly kind: 'unreadable' | 'refused' | 'closed';
  readonly why: string;
}

export interface BroughtIn {
  /** Said now; in a dry run, that would be said. */
  readonly taken: number;
  /** On record already: said before, be it by this command. */
  readonly known: number;
  readonly notTaken: readonly NotTaken[];
  /** Rows that are no verdicts, by what they are. */
  readonly passedOver: ReadonlyMap<string, number>;
}

interface Places {
  readonly desk: Pick<ReviewDesk, 'send'>;
  readonly log: Pick<ReviewLog, 'history'>;
  /** Sends nothing; asks each question how it stands. @default false */
  readonly isDryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Called after every question, with the rows that are dealt with. */
  readonly tell?: (done: number) => void;
}

/** Ours: more at once does not make one worker faster. */
const AT_ONCE = 16;

/**
 * Says what was said elsewhere, at the door that everybody uses. What is on record is not said again, and what is sent
 * twice counts once: after a stop, whenever it came, the same rows again bring in the rest.
 */
export async function bringIn(
  rows: readonly Brought[],
  { desk, log, isDryRun = false, signal, tell = () => undefined }: Places,
): Promise<BroughtIn> {
  let [taken, known, done] = [0, 0, 0];
  const notTaken: NotTaken[] = [];
  const passedOver = new Map<string, number>();
  const questions = new Map<string, (Saying & { readonly where: string })[]>();
  for (const row of rows) {
    if (row.kind === 'passedOver') passedOver.set(row.why, (passedOver.get(row.why) ?? 0) + 1);
    else if (row.kind === 'unreadable') notTaken.push({ where: row.where, kind: row.kind, why: row.why });
    else questions.set(row.workflowId, [...(questions.get(row.workflowId) ?? []), row]);
  }
  const next = questions.entries();
  const bring = async (): Promise<void> => {
    for (const [workflowId, sayings] of next) {
      const asked = questionOf(workflowId);
      const entries = asked === undefined ? [] : await log.history(asked.setId, asked.question).catch(noSuchLog);
      // In their order: a second score comes after a first.
      for (const saying of sayings) {
        signal?.throwIfAborted();
        done += 1;
        if (entries.some((entry) => says(entry, saying))) {
          known += 1;
          continue;
        }
        const reply = await (isDryRun ? isOpen(desk, workflowId) : say(desk, saying));
        if (reply.kind === 'answered') taken += 1;
        else
          notTaken.push({
            where: saying.where,
            question: workflowId,
            annotator: saying.sent.annotator,
            kind: reply.kind,
            why: reply.reason,
          });
      }
      tell(done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, bring));
  const placeOf = new Map(rows.map(({ where }, place) => [where, place]));
  notTaken.sort((a, b) => (placeOf.get(a.where) ?? 0) - (placeOf.get(b.where) ?? 0));
  return { taken, known, notTaken, passedOver };
}

/** What cannot be the path of a log has none; the review says the rest. */
const noSuchLog = (): ReviewEntry[] => [];

async function isOpen(desk: Places['desk'], workflowId: string): Promise<Reply<unknown>> {
  const reply = await desk.send(workflowId, messages.reviewProgress);
  if (reply.kind !== 'answered' || ['open', 'disagreement'].includes(reply.answer.status)) return reply;
  return { kind: 'closed', reason: `Expected an open question, got one that is ${reply.answer.status}` };
}

/** An Update's id makes it happen once, however often it is sent. */
function say(desk: Places['desk'], saying: Saying): Promise<Reply<unknown>> {
  const { workflowId, kind, sent } = saying;
  if (kind === 'flag')
    return desk.send(
      workflowId,
      messages.flagProblem,
      sent,
      `import flag ${sent.annotator} ${sent.reason}`.slice(0, 250),
    );
  const update = kind === 'adjudication' ? messages.adjudicate : messages.submitVerdict;
  return desk.send(workflowId, update, sent, `import ${kind} ${verdictIdOf(sent)} ${sent.score}`);
}

const verdictIdOf = ({ verdictId, annotator, assisted = false }: messages.VerdictMessage): string =>
  verdictId ?? messages.usualVerdictId(annotator, assisted);

/** Whether an entry, be it taken back since, records this. */
function says(entry: ReviewEntry, { kind, sent }: Saying): boolean {
  if (kind === 'flag')
    return entry.kind === 'flag' && entry.annotator === sent.annotator && entry.reason === sent.reason;
  const { assisted = false } = sent;
  const wanted = kind === 'adjudication' ? 'adjudication' : assisted ? 'assisted' : 'verdict';
  return (
    entry.kind === wanted &&
    entry.verdict.verdictId === verdictIdOf(sent) &&
    entry.verdict.annotator === sent.annotator &&
    entry.verdict.score === sent.score
  );
}
