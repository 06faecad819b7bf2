import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import type { FastifyInstance } from 'fastify';
import { freePort } from '../../../activities/processes/ports.ts';
import { Annotators } from '../../../activities/reviews/annotators.ts';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import type { ReviewPolicy } from '../../../shared/review/reviews.ts';
import { PATHS } from '../../../workers/annotation-desk/pages/paths.ts';
import { createDesk } from '../../../workers/annotation-desk/server.ts';
import { World } from '../../workflows/reviews/world.ts';
import { Visitor } from './visitor.ts';

jest.setTimeout(60_000);

let world: World;
let worker: Worker;
let running: Promise<void>;
let app: FastifyInstance;
let address: string;
const tokens: Record<string, string> = {};
let subject: DatasetRef;

beforeAll(async () => {
  world = await World.start();
  worker = await world.worker();
  running = worker.run();
  const people = new Annotators(world.store);
  for (const [id, isLead] of [
    ['ada', false],
    ['emmy', false],
    ['kurt', false],
    ['lise', true],
  ] as const)
    tokens[id] = await people.add(id, 'test', { isLead });
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  const reviews = new TemporalDesk(world.env.client, world.store);
  app = await createDesk({ reviews, people, store: world.store, secret: 's'.repeat(40), address });
  await app.listen({ host: '127.0.0.1', port });
  subject = await world.store.writeJsonl(
    'datasets/desk.jsonl',
    [0, 1, 2, 3, 4, 5].map((row) => ({
      id: `p${row}`,
      problem: {
        id: `p${row}`,
        statement: `Show that $${row} + 1 = 1 + ${row}$.`,
        topic: 'algebra',
        source: 'secret-source',
      },
      proof: `Line one of ${row}.\nLine two.`,
      model: 'secret-model',
      analyses: [{ analysis: '1. A gap in line two.', score: 0.5, assessed: 2, confirmed: 1 }],
    })),
  );
});
afterAll(async () => {
  await app.close();
  worker.shutdown();
  await running;
  await world.stop();
});

/** Asks about the first rows of the subject; resolves once the desk shows them to somebody who has said nothing. */
async function ask(setId: string, rows: number, policy: Partial<ReviewPolicy> = {}): Promise<void> {
  for (let row = 0; row < rows; row += 1) await world.ask(`p${row}`, policy, { setId, subject, row });
  const kurt = await visitor('kurt');
  while (!(await kurt.get('/')).text.includes(pathOf(`${setId}/p${rows - 1}`))) await sleep(200);
}

async function visitor(id: string): Promise<Visitor> {
  const one = new Visitor(address);
  expect(await one.signIn(tokens[id] ?? '')).toMatchObject({ status: 200, url: '/' });
  return one;
}

const pathOf = PATHS.question;
const take = async (one: Visitor, id: string) => {
  await one.get(pathOf(id));
  return one.post(`${pathOf(id)}/claim`);
};
const score = (one: Visitor, id: string, value: string, more: Record<string, string> = {}) =>
  one.post(`${pathOf(id)}/verdict`, { score: value, comment: 'line two is not shown', ...more });
const end = async (...ids: readonly string[]) => {
  for (const id of ids) await world.env.client.workflow.getHandle(id).terminate();
};

test('the next question is claimed, shown blind, scored with its lines, and taken back while it is open', async () => {
  await ask('one', 1);
  const ada = await visitor('ada');
  const page = await ada.post('/next');
  expect(page).toMatchObject({ status: 200, url: pathOf('one/p0') });
  expect(page.text).toContain('Line two.');
  for (const secret of ['secret-model', 'secret-source', 'A gap in line two', 'scoreProof', 'one/p0', 'one%2Fp0'])
    expect(page.text).not.toContain(secret);
  expect(await score(ada, 'one/p0', '0.5', { lines: '2', uncertain: 'on' })).toMatchObject({ status: 200, url: '/' });
  expect(ada.page.text).toContain('Recorded.');
  await ada.get(pathOf('one/p0'));
  expect((await ada.post(`${pathOf('one/p0')}/withdraw`)).text).toContain('Taken back.');
  await score(ada, 'one/p0', '1');
  const emmy = await visitor('emmy');
  await take(emmy, 'one/p0');
  await score(emmy, 'one/p0', '1');
  expect(await world.env.client.workflow.getHandle('one/p0').result()).toMatchObject({ kind: 'scored', score: 1 });
  expect(await new ReviewLog(world.store).history('one', 'p0')).toMatchObject([
    { kind: 'verdict', verdict: { annotator: 'ada', score: 0.5, lines: [2], uncertain: true }, seconds: 0 },
    { kind: 'withdrawn', of: 'verdict ada' },
    { kind: 'verdict', id: 'verdict ada 2' },
    { kind: 'verdict', verdict: { annotator: 'emmy' } },
    { kind: 'result' },
  ]);
});

test('what is refused is said at once, and what was typed is still there', async () => {
  await ask('refused', 1);
  const ada = await visitor('ada');
  await take(ada, 'refused/p0');
  expect(await score(ada, 'refused/p0', '1', { comment: '' })).toMatchObject({ status: 409 });
  expect(ada.page.text).toContain('Expected a rationale');
  expect(await score(ada, 'refused/p0', '1', { comment: 'my words', lines: 'two' })).toMatchObject({ status: 409 });
  expect(ada.page.text).toContain('my words');
  expect(await ada.get(pathOf('refused/none'))).toMatchObject({ status: 404 });
  // As Temporal's Web UI links to it.
  expect(await ada.get(`/questions/${encodeURIComponent('refused/p0')}`)).toMatchObject({ url: pathOf('refused/p0') });
  await end('refused/p0');
});

test('a page that is sent twice counts once', async () => {
  await ask('twice', 1);
  const ada = await visitor('ada');
  await take(ada, 'twice/p0');
  const { hidden } = ada.form(`${pathOf('twice/p0')}/verdict`);
  await score(ada, 'twice/p0', '1');
  await ada.get(pathOf('twice/p0'));
  await ada.post(`${pathOf('twice/p0')}/withdraw`);
  // The first page again, late: what was taken back stays so.
  await ada.post(`${pathOf('twice/p0')}/verdict`, { ...hidden, score: '1', comment: 'again' });
  expect((await new ReviewLog(world.store).read('twice', 'p0')).map(({ kind }) => kind)).toEqual([]);
  await end('twice/p0');
});

test('out of one’s depth goes to others, too long comes last, and a flag is shown to the other seat and the lead', async () => {
  await ask('back', 3);
  const ada = await visitor('ada');
  await ada.post('/next');
  expect(ada.page.url).toBe(pathOf('back/p0'));
  await ada.post(`${pathOf('back/p0')}/give-back`, { reason: 'outOfMyDepth' });
  await ada.post('/next');
  expect(ada.page.url).toBe(pathOf('back/p1'));
  await ada.post(`${pathOf('back/p1')}/give-back`, { reason: 'tooLong' });
  await ada.post('/next');
  expect(ada.page.url).toBe(pathOf('back/p2'));
  await ada.post(`${pathOf('back/p2')}/flag`, { reason: 'n is never said' });
  await ada.post('/next');
  expect(ada.page.url).toBe(pathOf('back/p1'));
  const emmy = await visitor('emmy');
  expect((await emmy.get(pathOf('back/p2'))).text).toContain('n is never said');
  const lise = await visitor('lise');
  expect((await lise.get('/lead')).text).toContain('n is never said');
  await end('back/p0', 'back/p1', 'back/p2');
});

test('where all seats are taken the next question is another one, and a race has one winner', async () => {
  await ask('race', 2, { seats: 1 });
  const visitors = await Promise.all(['ada', 'emmy', 'kurt'].map(visitor));
  const pages = await Promise.all(visitors.map((one) => one.post('/next')));
  expect(pages.map(({ url }) => url).sort()).toEqual(['/', pathOf('race/p0'), pathOf('race/p1')]);
  await end('race/p0', 'race/p1');
});

test('a lead sees both seats side by side and decides; annotators see no other score', async () => {
  await ask('dispute', 1);
  for (const [id, value] of [
    ['ada', '0'],
    ['emmy', '1'],
  ] as const) {
    const one = await visitor(id);
    await take(one, 'dispute/p0');
    await score(one, 'dispute/p0', value, { comment: `${id} thinks so` });
    expect((await one.get(pathOf('dispute/p0'))).text).not.toContain(id === 'ada' ? 'emmy thinks so' : 'ada thinks so');
  }
  const kurt = await visitor('kurt');
  expect(await kurt.get('/lead')).toMatchObject({ status: 403 });
  await kurt.get('/');
  expect(await kurt.send(`${pathOf('dispute/p0')}/adjudicate`, { score: '1', comment: 'so' })).toMatchObject({
    status: 403,
  });
  const lise = await visitor('lise');
  const lead = await lise.get('/lead');
  for (const words of ['ada thinks so', 'emmy thinks so']) expect(lead.text).toContain(words);
  await lise.get(pathOf('dispute/p0'));
  await lise.post(`${pathOf('dispute/p0')}/adjudicate`, { score: '0', comment: 'ada is right' });
  expect(await world.env.client.workflow.getHandle('dispute/p0').result()).toMatchObject({
    score: 0,
    adjudicated: true,
  });
});

test('with the analyses in view a person scores again, and says which of their issues are real', async () => {
  await ask('assisted', 1, { seats: 1, assisted: true });
  const ada = await visitor('ada');
  await take(ada, 'assisted/p0');
  expect(ada.page.text).not.toContain('A gap in line two');
  expect(await score(ada, 'assisted/p0', '1')).toMatchObject({ url: pathOf('assisted/p0') });
  for (const words of ['A gap in line two', 'You gave 1', 'line two is not shown'])
    expect(ada.page.text).toContain(words);
  await score(ada, 'assisted/p0', '0.5', { 'issue-0-0': 'real' });
  expect(await world.env.client.workflow.getHandle('assisted/p0').result()).toMatchObject({
    score: 0.5,
    firstScore: 1,
  });
  expect((await new ReviewLog(world.store).read('assisted', 'p0'))[1]).toMatchObject({
    kind: 'assisted',
    verdict: { analyses: [{ analysis: 0, real: [true], score: 1 }] },
  });
});

test('somebody whom the lead has paused is handed no question', async () => {
  await ask('paused', 1);
  const lise = await visitor('lise');
  await lise.get('/lead');
  await lise.post('/lead/people/kurt/pause');
  const kurt = await visitor('kurt');
  while ((await kurt.get('/')).text.includes('action="/next"')) await sleep(500);
  expect(kurt.page.text).toContain('paused');
  expect(await kurt.send(`${pathOf('paused/p0')}/claim`, {})).toMatchObject({ url: '/' });
  await lise.get('/lead');
  await lise.post('/lead/people/kurt/resume');
  await end('paused/p0');
});
