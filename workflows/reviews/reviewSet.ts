import * as wf from '@temporalio/workflow';
import { questionsNotice } from '../../shared/lap/notices.ts';
import type { Left, ListedQuestion } from '../../activities/reviews/activities.ts';
import { isPaced, leaves, staysOpen, type Leave, type PartStanding } from '../../shared/review/pace.ts';
import { partsOf, QUESTIONS_PER_PART, refusalOfReviewSet } from '../../shared/review/reviewInput.ts';
import type { ReviewSetInput, ReviewSetResult } from '../../shared/review/reviews.ts';
import { QUESTION_TEXT } from '../../shared/review/reviewText.ts';
import { expertReview } from './expertReview.ts';
import { rangeName, reviewIdOf, type RowRange } from '../../shared/ids.ts';
import { failure } from '../failure.ts';
import { announce } from '../notice.ts';
import { data, program } from '../proxies.ts';
import { toTheirEnds } from '../toTheirEnds.ts';

/** Ours: parts that a program works on at once. People have all questions before them. */
const PROGRAM_PARTS = 2;
/**
 * Ours: so many questions open while others are answered; a server that is asked for hundreds of workflows at once
 * spends its time on retries.
 */
const OPENED_TOGETHER = 25;
const OPENING_AT_ONCE = 2;
/** Ours: what all parts of a set together tell it at most, so that its history stays short. */
const MOST_TOLD = 2000;

/** What a part tells its set, and the set its parts, where people are asked in batches or until there is enough. */
const partStands = wf.defineSignal<[PartStanding]>('partStands');
const goOn = wf.defineSignal<[Leave]>('goOn');

/**
 * Asks experts one question per row, and gathers what they came to. A large set is asked in parts, so that every
 * history stays short. What is open when the set goes on stays open, where the policy says so.
 */
export async function reviewSet(input: ReviewSetInput): Promise<ReviewSetResult> {
  const refusal = refusalOfReviewSet(input);
  if (refusal) throw failure('BadReviewSetInput', refusal);
  const range = input.range ?? { from: 0, to: input.subject.rows };
  const questions = range.to - range.from;
  wf.setCurrentDetails(
    `${questions} questions (${input.kind}) to ${input.experts}. Each is a workflow of its own: ` +
      `\`${reviewIdOf(input.setId, '…')}\`.`,
  );

  const inTime = isToldOf(input) ? tellWhenLate(input) : undefined;
  const left = await (questions <= QUESTIONS_PER_PART ? askEach(input, range) : askInParts(input, range));
  inTime?.();
  const result = await data.collectReviews(input, left);

  wf.setCurrentDetails(
    `${result.scored} scored, ${result.flagged} flagged, ${result.expired} expired, ${result.open ?? 0} open, by ` +
      `${result.verdicts} verdicts: \`${result.results.uri}\`.`,
  );
  return result;
}

/** People have all parts before them, and where they are asked in batches, the places of the set go to the first. */
async function askInParts(set: ReviewSetInput, range: RowRange): Promise<Left> {
  const parts = partsOf(range);
  if (isToldOf(set))
    await announce(questionsNotice('questions.asked', set, { questions: range.to - range.from, asked: Date.now() }));
  const standings = new Map<number, PartStanding>();
  const asked = new Map<number, { part: wf.ChildWorkflowHandle<typeof reviewSet>; leave?: Leave }>();
  const give = (): void => {
    const known = parts.flatMap(({ from }) => standings.get(from) ?? []);
    if (known.length < parts.length) return;
    for (const [index, leave] of leaves(known, set).entries()) {
      const to = asked.get(known[index]?.from ?? 0);
      if (to === undefined || (to.leave?.mayAsk === leave.mayAsk && to.leave.enough === leave.enough)) continue;
      to.leave = leave;
      to.part.signal(goOn, leave).catch(() => undefined); // it has come to its end by itself
    }
  };
  wf.setHandler(partStands, (at) => {
    if (at.closed < (standings.get(at.from)?.closed ?? 0)) return;
    standings.set(at.from, at);
    give();
  });

  const next = parts.values();
  const children: Promise<ReviewSetResult>[] = [];
  const results = await toTheirEnds(children, () =>
    Promise.all(
      Array.from({ length: set.experts === 'program' ? PROGRAM_PARTS : parts.length }, async () => {
        const ended: ReviewSetResult[] = [];
        for (const range of next) {
          const part = await wf.startChild(reviewSet, {
            workflowId: reviewIdOf(set.setId, rangeName(range)),
            args: [{ ...set, range }],
            staticSummary: `${set.kind} × ${range.to - range.from} (${rangeName(range)})`,
          });
          asked.set(range.from, { part });
          give();
          const child = part.result();
          children.push(child);
          ended.push(await child);
        }
        return ended;
      }),
    ),
  );
  return { parts: results.flat().map((part) => part.results) };
}

/**
 * Every question without a result on record becomes a workflow; a program, where it stands in for people, answers those
 * that are open. The set is over when all have ended, or enough of them, or, where the lap is to go on, in time.
 */
async function askEach(set: ReviewSetInput, range: RowRange): Promise<Left> {
  const questions = await data.listQuestions(set, range);
  if (isToldOf(set) && questions.length > 0)
    await announce(questionsNotice('questions.asked', set, { questions: questions.length, asked: Date.now() }));
  const isToPeople = set.experts === 'people';
  const isPart = set.range !== undefined && isToPeople && isPaced(set);
  const withdrawn: string[] = [];
  const children: Promise<unknown>[] = [];
  let told: Leave | undefined = isPart ? { mayAsk: 0, enough: false } : undefined;
  if (isPart) wf.setHandler(goOn, (leave) => void (told = leave));
  let [asked, closed, last, isStopped] = [0, 0, questions.length, false];
  let results = range.to - range.from - questions.length;
  let broken: { readonly error: unknown } | undefined;

  const standing = (): PartStanding => ({ from: range.from, todo: questions.length, closed, results });
  const leave = (): Leave => told ?? (leaves([standing()], isToPeople ? set : { subject: set.subject })[0] as Leave);
  const isOver = (): boolean => broken !== undefined || isStopped || closed === last || leave().enough;
  const every = Math.ceil(set.subject.rows / MOST_TOLD);
  const tell = (): void => {
    const { parent } = wf.workflowInfo();
    if (!isPart || !parent || (closed % every > 0 && closed < leave().mayAsk)) return;
    wf.getExternalWorkflowHandle(parent.workflowId, parent.runId)
      .signal(partStands, standing())
      .catch(() => undefined); // the set has enough
  };

  const hear = async ({ id }: ListedQuestion, review: wf.ChildWorkflowHandle<typeof expertReview>): Promise<void> => {
    const result = await review.result().catch((error: unknown) => {
      if (!isWithdrawn(error)) throw error;
      withdrawn.push(id);
    });
    closed += 1;
    if (result && result.kind !== 'expired') results += 1;
    tell();
  };
  const openNext = async (): Promise<void> => {
    for (;;) {
      await wf.condition(() => isOver() || asked < Math.min(last, leave().mayAsk));
      if (isOver()) return;
      const batch = questions.slice(asked, Math.min(asked + OPENED_TOGETHER, last, leave().mayAsk));
      if (batch.length === 0) continue; // those beside were faster
      asked += batch.length;
      const reviews = await Promise.all(batch.map((question) => ask(set, question)));
      for (const [index, review] of reviews.entries()) {
        const heard = hear(batch[index] as ListedQuestion, review);
        heard.catch((error: unknown) => (broken = { error }));
        children.push(heard);
      }
      if (!isToPeople)
        await program.answerAsProgram(
          set,
          batch.map(({ id, row }) => ({ id, row })),
        );
    }
  };
  tell();
  await toTheirEnds(children, async () => {
    const opening = Promise.all(Array.from({ length: OPENING_AT_ONCE }, openNext));
    opening.catch((error: unknown) => (broken = { error }));
    const hasDeadline = set.onDeadline !== 'wait' && (staysOpen(set) || (isToPeople && set.batch !== undefined));
    if (hasDeadline && !(await wf.condition(isOver, set.deadlineHours * 3_600_000))) {
      if (set.onDeadline === 'carry') isStopped = true;
      else last = asked;
    }
    await wf.condition(isOver);
    await opening;
    if (broken) throw broken.error;
  });
  return { withdrawn, unaskedFrom: questions[asked]?.row ?? range.to };
}

function ask(set: ReviewSetInput, { id, row, recorded, page }: ListedQuestion) {
  const { setId, kind, lap, subject, seats, leaseMinutes, deadlineHours, onDeadline, assisted } = set;
  return wf.startChild(expertReview, {
    workflowId: reviewIdOf(setId, id),
    args: [
      {
        question: { setId, id, kind, lap, subject, row },
        policy: { seats, leaseMinutes, deadlineHours, onDeadline, assisted },
        recorded,
        page,
      },
    ],
    memo: { setId, kind, lap, question: id, seats },
    staticSummary: `${QUESTION_TEXT[kind]} ${id}`,
    ...(staysOpen(set) && { parentClosePolicy: 'ABANDON' }),
  });
}

/** People are told of a set once, not of each part of it. */
const isToldOf = ({ experts, range }: ReviewSetInput): boolean => experts === 'people' && range === undefined;

/** Says so once, where the deadline goes by before the set is over; ends when that is called. */
function tellWhenLate(set: ReviewSetInput): () => void {
  const [asked, questions] = [Date.now(), set.subject.rows];
  const waiting = new wf.CancellationScope();
  waiting
    .run(async () => {
      await wf.sleep(set.deadlineHours * 3_600_000);
      await announce(questionsNotice('questions.overdue', set, { questions, asked }));
    })
    .catch((error: unknown) => {
      if (!wf.isCancellation(error)) throw error;
    });
  return () => waiting.cancel();
}

/** A review that somebody ended by hand has no score, like one that expired; any other failure is the set's too. */
function isWithdrawn(error: unknown): boolean {
  const cause = error instanceof wf.ChildWorkflowFailure ? error.cause : undefined;
  if (cause instanceof wf.TerminatedFailure) return true;
  return cause instanceof wf.CancelledFailure && !wf.CancellationScope.current().consideredCancelled;
}
