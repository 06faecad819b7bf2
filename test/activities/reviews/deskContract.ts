import type { Reply, ReviewDesk } from '../../../activities/reviews/desk.ts';
import * as messages from '../../../shared/review/messages.ts';

/** Questions `<set>/q0`, `<set>/q1`, … with two seats each, about rows with the proof `Proof of q0.` and so on. */
export interface AskedQuestions {
  readonly desk: () => ReviewDesk;
  /** Asks so many, one after the other; resolves when all are open. */
  readonly ask: (set: string, questions: number) => Promise<void>;
}

/** What holds at every desk. */
export function deskContract({ desk, ask }: AskedQuestions): void {
  const verdict = (question: string, annotator: string, score: 0 | 0.5 | 1) =>
    desk().send(question, messages.submitVerdict, { annotator, score });
  const claim = (question: string, annotator: string) => desk().send(question, messages.claim, { annotator });
  const idsOf = async (looking: Omit<Parameters<ReviewDesk['open']>[0], 'limit'> & { readonly limit?: number }) =>
    (await desk().open({ limit: 10, ...looking })).map(({ workflowId }) => workflowId);
  const reasonOf = (reply: Reply<unknown>) =>
    reply.kind === 'answered' ? 'answered' : `${reply.kind}: ${reply.reason}`;

  test('open questions are listed, the oldest first, with how they stand and what they are about', async () => {
    await ask('listed', 3);
    const open = await desk().open({ set: 'listed', limit: 2 });
    expect(open).toMatchObject([
      { workflowId: 'listed/q0', setId: 'listed', question: 'q0', kind: 'scoreProof', progress: { status: 'open' } },
      { workflowId: 'listed/q1' },
    ]);
    const [first] = open;
    if (first?.progress === undefined) throw new Error('Expected the first question with its progress');
    expect(await desk().texts(first.progress.question)).toMatchObject({ id: 'q0', proof: 'Proof of q0.' });
    expect(await idsOf({ set: 'listed/', skip: new Set(['listed/q1']) })).toEqual(['listed/q0', 'listed/q2']);
    expect(await idsOf({ set: 'list' })).toEqual([]);
  });

  test('an annotator is shown what they have not answered, a lead what the seats disagree on', async () => {
    await ask('mine', 2);
    await verdict('mine/q0', 'ada', 1);
    expect(await idsOf({ set: 'mine', annotator: 'ada' })).toEqual(['mine/q1']);
    expect(await idsOf({ set: 'mine', annotator: 'emmy' })).toEqual(['mine/q0', 'mine/q1']);
    await verdict('mine/q0', 'emmy', 0);
    expect(await idsOf({ set: 'mine', annotator: 'kurt', lead: true })).toEqual(['mine/q0']);
    expect(await idsOf({ set: 'mine', annotator: 'ada', lead: true })).toEqual([]);
  });

  test('a seat is claimed, given back and answered', async () => {
    await ask('seats', 1);
    expect(await claim('seats/q0', 'ada')).toMatchObject({ kind: 'answered', answer: { seat: 1 } });
    expect(await desk().send('seats/q0', messages.release, { annotator: 'ada' })).toEqual({
      kind: 'answered',
      answer: { released: true },
    });
    expect(await verdict('seats/q0', 'emmy', 0.5)).toEqual({
      kind: 'answered',
      answer: { verdictId: 'emmy', score: 0.5, seat: 1 },
    });
    const reply = await desk().send('seats/q0', messages.reviewProgress);
    expect(reply).toMatchObject({ answer: { status: 'open', seats: [{ state: 'answered' }, { state: 'free' }] } });
  });

  test('what a rule forbids is refused in its own words', async () => {
    await ask('rules', 1);
    await verdict('rules/q0', 'ada', 1);
    expect(reasonOf(await verdict('rules/q0', 'ada', 0))).toBe(
      'refused: Expected verdict "ada" to be what it was, score 1 of "ada", got score 0 of "ada"',
    );
    expect(reasonOf(await desk().send('rules/q0', messages.adjudicate, { annotator: 'kurt', score: 1 }))).toBe(
      'refused: Expected a disagreement of all 2 seats, got the adjudication of "kurt" with score 1 while 1 of 2 ' +
        'have answered',
    );
    await claim('rules/q0', 'emmy');
    expect(reasonOf(await claim('rules/q0', 'late'))).toBe(
      'refused: Expected a free seat, all 2 are claimed or answered, got the claim by "late"',
    );
    expect(reasonOf(await desk().send('rules/q0', messages.flagProblem, { annotator: 'ada', reason: ' ' }))).toBe(
      'refused: Expected reason to be a text of 1 to 4000 characters, got " "',
    );
  });

  test('an answer that is sent twice counts once, and has one reply for good', async () => {
    await ask('twice', 1);
    const first = await verdict('twice/q0', 'ada', 1);
    expect(await verdict('twice/q0', 'ada', 1)).toEqual(first);
    await verdict('twice/q0', 'emmy', 0);
    const decide = () => desk().send('twice/q0', messages.adjudicate, { annotator: 'kurt', score: 0 });
    const decided = await decide();
    expect(decided).toEqual({ kind: 'answered', answer: { verdictId: 'kurt', score: 0 } });
    expect(await idsOf({ set: 'twice' })).toEqual([]);
    expect(await verdict('twice/q0', 'ada', 1)).toEqual(first);
    expect(await decide()).toEqual(decided);
    expect(reasonOf(await verdict('twice/q0', 'ada', 0))).toMatch(
      /^closed: Expected an open review, got "twice\/q0": it is completed: {"kind":"scored","score":0/,
    );
  });

  test('a flagged question is shown to another seat and to a lead, and a second flag closes it for good', async () => {
    await ask('flags', 2);
    const flag = (question: string, annotator: string) =>
      desk().send(question, messages.flagProblem, { annotator, reason: 'the statement is cut off' });
    const first = await flag('flags/q0', 'ada');
    expect(first).toEqual({ kind: 'answered', answer: { reason: 'the statement is cut off' } });
    expect(await idsOf({ set: 'flags', annotator: 'ada' })).toEqual(['flags/q1']);
    expect(await idsOf({ set: 'flags', annotator: 'emmy' })).toEqual(['flags/q0', 'flags/q1']);
    expect(await idsOf({ set: 'flags', annotator: 'kurt', lead: true })).toEqual(['flags/q0']);
    expect(await idsOf({ set: 'flags', annotator: 'ada', lead: true })).toEqual([]);
    await verdict('flags/q0', 'emmy', 1);
    expect(await idsOf({ set: 'flags', annotator: 'late' })).toEqual(['flags/q1']);
    expect(await idsOf({ set: 'flags', annotator: 'kurt', lead: true })).toEqual(['flags/q0']);
    await flag('flags/q0', 'kurt');
    expect(reasonOf(await claim('flags/q0', 'late'))).toMatch(/^closed: .*: it is completed: {"kind":"flagged"/);
    expect(await flag('flags/q0', 'ada')).toEqual(first);
    expect(await verdict('flags/q0', 'emmy', 1)).toMatchObject({ kind: 'answered', answer: { seat: 1 } });
  });

  test('a question that was never asked is not open', async () => {
    expect(reasonOf(await claim('closed/q9', 'emmy'))).toMatch(
      /^closed: Expected an open review, got "closed\/q9": there is none by this id/,
    );
  });
}
