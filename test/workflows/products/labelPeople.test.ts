import { setTimeout as sleep } from 'node:timers/promises';
import { adjudicate, flagProblem, submitVerdict } from '../../../shared/review/messages.ts';
import type { AskPeople, LabelReport } from '../../../shared/products/labels.ts';
import type { OpenReview } from '../../../activities/reviews/desk.ts';
import { startLabelWorld, type LabelWorld, type Line } from './labelWorld.ts';

let world: LabelWorld;
beforeAll(async () => {
  world = await startLabelWorld();
});
afterAll(() => world.stop());

const PROOFS = 20;
const asks = async (name: string, ask: AskPeople) => ({ name, proofs: await world.proofs(PROOFS), ask });

async function score({ workflowId }: OpenReview, ...scores: readonly number[]): Promise<void> {
  for (const [seat, given] of scores.entries()) {
    const reply = await world.desk.send(workflowId, submitVerdict, { annotator: `person-${seat}`, score: given as 0 });
    if (reply.kind !== 'answered') throw new Error(reply.reason);
  }
}

const withoutAutomatic = (lines: readonly Line[]): Line[] => lines.filter(({ decision }) => decision !== 'labelled');

test('what is contested is asked of people, whose scores become labels; a lead decides, and a faulty problem has none', async () => {
  const handle = await world.start(await asks('asked', {}));
  while ((await world.progress('asked')).step !== 'waits for people') await sleep(50);
  const { asked, labels } = await world.progress('asked');
  const open = await world.questions('asked', asked);
  expect([open.length, labels?.contested]).toEqual([asked, asked]);
  // What is automatic is there meanwhile.
  const meanwhile = await world.lines('products/label/asked/labels.jsonl');
  expect(withoutAutomatic(meanwhile).map(({ people }) => people)).toEqual(Array.from({ length: asked }, () => 'open'));

  const [first, second, third, ...others] = open as [OpenReview, OpenReview, OpenReview, ...OpenReview[]];
  await score(first, 0, 0);
  await score(second, 0, 1);
  await world.desk.send(second.workflowId, adjudicate, { annotator: 'lead', score: 0.5 });
  for (const annotator of ['person-0', 'person-1'])
    await world.desk.send(third.workflowId, flagProblem, { annotator, reason: 'it is false' });
  for (const other of others) await score(other, 1, 1);

  const result = await handle.result();
  const lines = new Map((await world.lines('products/label/asked/labels.jsonl')).map((line) => [line['id'], line]));
  const told = ({ question }: OpenReview) => {
    const { label, labelled_by: by, people, people_scores: scores, reason } = lines.get(question) as Line;
    return { label, by, people, scores, reason };
  };
  expect(told(first)).toMatchObject({ label: 0, by: 'expert', people: 'scored', scores: '0 0' });
  expect(told(second)).toMatchObject({ label: 0.5, by: 'expert', people: 'scored', scores: '0 1 0.5' });
  expect(told(third)).toMatchObject({ label: null, by: 'nobody', people: 'flagged', scores: '' });
  expect(told(third).reason).toMatch(/people found its problem faulty: it is false/);
  for (const other of others) expect(told(other)).toMatchObject({ label: 1, by: 'expert', scores: '1 1' });
  expect(result.labelledBy).toMatchObject({ expert: asked - 1, nobody: 1, auto: PROOFS - asked });
  expect(result.people).toEqual({ asked, scored: asked - 1, flagged: 1, open: 0, expired: 0 });
  const contested = await world.lines('products/label/asked/contested.jsonl');
  expect(contested.map(({ id }) => id)).toEqual([third.question]);
});

test('without waiting questions stay open, and the same again takes up what was said, and waits for the rest', async () => {
  const ended = await world.label(await asks('later', { seats: 1, wait: false }));
  expect(ended.people.open).toBe(ended.decisions.contested);
  const open = await world.questions('later', ended.people.open);
  const [first, ...others] = open as [OpenReview, ...OpenReview[]];
  await score(first, 0.5);
  const joined = await world.label(await asks('later', { seats: 1, wait: false }));
  expect(joined.people).toMatchObject({ scored: 1, open: ended.people.open - 1 });

  // Nobody is asked twice: whoever has a question before them keeps it.
  const handle = await world.start(await asks('later', { seats: 1 }));
  while ((await world.progress('later')).step !== 'waits for people') await sleep(50);
  expect((await world.questions('later', others.length)).map(({ workflowId }) => workflowId).sort()).toEqual(
    others.map(({ workflowId }) => workflowId).sort(),
  );
  for (const other of others) await score(other, 1);
  const whole = await handle.result();
  expect(whole.people).toMatchObject({ scored: ended.people.open, open: 0 });
  expect(await world.histories('label/later/experts')).toHaveLength(1);

  // And without asking, what people said stays.
  const { proofs } = await asks('later', {});
  const again = await world.label({ name: 'later', proofs });
  expect(again.labelledBy).toEqual(whole.labelledBy);
});

test('answers are waited for no longer than was said, and then it ends with what there is', async () => {
  const result = await world.label(await asks('short', { deadlineHours: 1 / 3600 }));
  expect(result.people.open).toBe(result.decisions.contested);
  const report = await world.store.readJson<LabelReport>('products/label/short/report.json');
  expect(report.labels.none).toBe(result.people.open);
});

test('a label that is cancelled while it waits takes its questions back, and the same again asks those without an answer', async () => {
  const handle = await world.start(await asks('cancelled', { seats: 1 }));
  while ((await world.progress('cancelled')).step !== 'waits for people') await sleep(50);
  const { asked } = await world.progress('cancelled');
  const [first] = (await world.questions('cancelled', asked)) as [OpenReview];
  await score(first, 0);
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow(/cancel/i);
  while ((await world.desk.open({ set: 'label/cancelled', limit: 100 })).length > 0) await sleep(100);
  const again = await world.label(await asks('cancelled', { seats: 1, wait: false }));
  expect(again.people).toMatchObject({ scored: 1, open: asked - 1 });
  expect(await world.questions('cancelled', asked - 1)).toHaveLength(asked - 1);
});

test('caps leave questions to models: people are asked about what is contested for certain, later about the rest', async () => {
  const proofs = await world.proofs(60);
  const whole = await world.label({ name: 'uncapped', proofs });
  const calls = Math.floor(whole.spent.calls / 2);
  const ask = { seats: 1, wait: false };
  const capped = await world.label({ name: 'partly', proofs, ask, caps: { calls }, concurrency: 8 });
  expect(capped.people.asked).toBe(capped.decisions.contested);
  expect(capped.people.asked).toBeLessThan(whole.decisions.contested);
  const rest = await world.label({ name: 'partly', proofs, ask });
  expect(rest.people.asked).toBe(whole.decisions.contested);
  expect(await world.questions('partly', rest.people.asked)).toHaveLength(rest.people.asked);
});
