import { SharedQueue } from '../../../../activities/clusters/slurm/queue.ts';
import type { SlurmJob } from '../../../../activities/clusters/slurm/types.ts';

/** A controller that counts what it is asked. */
function controller(answer: () => Promise<SlurmJob[]> = async () => []) {
  const asked: (readonly string[])[] = [];
  const list = (names: readonly string[]) => {
    asked.push(names);
    return answer();
  };
  return { asked, queue: new SharedQueue({ list }) };
}
const MINUTE = { maxAgeMs: 60_000 };

test('many who look at once are answered by one list of all their jobs', async () => {
  const { asked, queue } = controller();
  await queue.jobs('a', MINUTE);
  await queue.jobs('b', MINUTE);
  await Promise.all(['a', 'b', 'a', 'b'].map((name) => queue.jobs(name, MINUTE)));
  expect(asked).toEqual([['a'], ['a', 'b']]);
});

test('a list that is too old is asked for anew', async () => {
  const { asked, queue } = controller();
  await queue.jobs('a', MINUTE);
  await queue.jobs('a', { maxAgeMs: 60_000, notBefore: Date.now() + 1 });
  expect(asked).toHaveLength(2);
});

test('a controller that fails is let be for a while: who looks meanwhile is told what it failed with', async () => {
  let fails = true;
  const { asked, queue } = controller(async () => {
    if (fails) throw new Error('the controller is away');
    return [];
  });
  const looks = await Promise.allSettled(Array.from({ length: 5 }, () => queue.jobs('a', MINUTE)));
  expect(looks.every(({ status }) => status === 'rejected')).toBe(true);
  await expect(queue.jobs('a', MINUTE)).rejects.toThrow('the controller is away');
  expect(asked).toHaveLength(1);
  fails = false;
  for (;;) {
    const found = await queue.jobs('a', MINUTE).catch(() => undefined);
    if (found !== undefined) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(asked).toHaveLength(2);
});
