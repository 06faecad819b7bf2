import { NoReply } from '../../../activities/reviews/desk.ts';
import * as messages from '../../../shared/review/messages.ts';
import { PATHS } from '../../../workers/annotation-desk/pages/paths.ts';
import { fakeWorld, rowOf } from './fakeWorld.ts';
import { Visitor } from './visitor.ts';

test('what a question took is said to be taken, though nobody can say by then how the question stands', async () => {
  const world = await fakeWorld();
  try {
    const id = world.reviews.ask(rowOf('q'));
    const ada = new Visitor(world.origin);
    await ada.signIn(world.tokens['ada'] ?? '');
    await ada.get(PATHS.question(id));
    await ada.post(PATHS.act(id, 'claim'));
    const send = world.reviews.send.bind(world.reviews) as (...sent: unknown[]) => Promise<never>;
    let isGone = false;
    world.reviews.send = async (...sent: unknown[]) => {
      const { name } = sent[1] as { name: string };
      if (isGone && name === messages.reviewProgress.name) throw new NoReply('the worker was killed');
      isGone ||= name === messages.submitVerdict.name;
      return send(...sent);
    };
    const seen = await ada.post(PATHS.act(id, 'verdict'), { score: '1', comment: 'every step is shown' });
    expect([seen.status, seen.url]).toEqual([200, '/']);
    expect(seen.text).toContain('Recorded.');
  } finally {
    await world.close();
  }
});
