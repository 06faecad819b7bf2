import { Door } from '../../../activities/inference/door.ts';

const { signal } = new AbortController();
const turn = () => new Promise((resolve) => void setImmediate(resolve));

test('what comes in together is counted before anything else comes in', async () => {
  let inside = 0;
  const door = new Door(() => inside < 4);
  const groups = Array.from({ length: 5 }, () =>
    door.enter(signal, true).then(() => {
      inside += 3;
    }),
  );
  for (let turns = 0; turns < 10; turns += 1) await turn();
  expect(inside).toBe(6);
  inside = 0;
  door.open();
  await Promise.all(groups.slice(0, 3));
  expect(inside).toBeLessThanOrEqual(6);
  while (inside > 0) {
    inside = 0;
    door.open();
    await turn();
  }
  await Promise.all(groups);
});

test('who waits outside comes in in its order once there is room', async () => {
  let isOpen = false;
  const door = new Door(() => isOpen);
  const came: number[] = [];
  for (let at = 0; at < 4; at += 1) void door.enter(signal, at % 2 === 0).then(() => came.push(at));
  await turn();
  expect(came).toEqual([]);
  isOpen = true;
  door.open();
  for (let turns = 0; turns < 4; turns += 1) await turn();
  expect(came).toEqual([0, 1, 2, 3]);
});

test('who no longer wants to come in does not', async () => {
  const stop = new AbortController();
  let isOpen = false;
  const door = new Door(() => isOpen);
  const first = door.enter(stop.signal, true);
  const second = door.enter(signal, true);
  stop.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  isOpen = true;
  door.open();
  await second;
});
