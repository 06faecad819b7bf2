import { ACTIONS, PATHS } from '../../../workers/annotation-desk/pages/paths.ts';
import { fakeWorld, rowOf, type FakeWorld } from './fakeWorld.ts';
import { Visitor } from './visitor.ts';

let world: FakeWorld;
let question: string;
beforeEach(async () => {
  world = await fakeWorld();
  question = world.reviews.ask(rowOf('p0'));
});
afterEach(() => world.close());

async function visitor(person: string): Promise<Visitor> {
  const visitor = new Visitor(world.origin);
  await visitor.signIn(world.tokens[person] ?? '');
  return visitor;
}

/** Who somebody may say they are, in whatever field a message has. */
const AS_EMMY = { annotator: 'emmy', id: 'emmy', person: 'emmy', verdictId: 'emmy', isLead: 'true', source: 'program' };
const FILLED = { score: '1', comment: 'Because of line 2.', reason: 'the claim is false', nonce: 'one' };

const EVERY_POST = (): string[] => [
  PATHS.next,
  ...ACTIONS.map((action) => PATHS.act(question, action)),
  PATHS.pause('carl', 'pause'),
  PATHS.pause('carl', 'resume'),
];

test('whatever a form says, an action is of who is signed in', async () => {
  const ada = await visitor('ada');
  for (const path of EVERY_POST()) {
    await ada.get(PATHS.home);
    await ada.send(`${path}?annotator=emmy`, { ...FILLED, ...AS_EMMY });
  }
  expect(world.reviews.sent.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['claim', 'submitVerdict', 'release', 'flagProblem', 'withdraw']),
  );
  expect(new Set(world.reviews.sent.map(({ sent }) => (sent as { annotator: string }).annotator))).toEqual(
    new Set(['ada']),
  );
  expect(JSON.stringify(world.reviews.sent)).not.toContain('emmy');
});

test('nobody but a lead decides, and pauses people, whatever they say they are', async () => {
  const ada = await visitor('ada');
  for (const path of [PATHS.act(question, 'adjudicate'), PATHS.pause('carl', 'pause'), PATHS.pause('carl', 'resume')]) {
    await ada.get(PATHS.home);
    expect((await ada.send(path, { ...FILLED, ...AS_EMMY })).status).toBe(403);
  }
  expect(world.reviews.sent).toEqual([]);
});

test('a lead who pauses nobody hears so', async () => {
  const emmy = await visitor('emmy');
  const { status, text } = await emmy.send(PATHS.pause('nobody', 'pause'), {});
  expect(status).toBe(404);
  expect(text).toContain('Expected an annotator, got &quot;nobody&quot;');
});

test('nothing is done for a form without its token, nor for anybody who is not signed in', async () => {
  const ada = await visitor('ada');
  const stranger = new Visitor(world.origin);
  for (const path of EVERY_POST()) {
    await ada.get(PATHS.home);
    expect((await ada.send(path, { ...FILLED, _csrf: 'none' })).status).toBe(403);
    await stranger.get(PATHS.signIn);
    expect((await stranger.send(path, FILLED)).status).toBe(401);
  }
  expect(world.reviews.sent).toEqual([]);
});
