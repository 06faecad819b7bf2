import { setTimeout as sleep } from 'node:timers/promises';
import { beating } from '../../../activities/processes/heartbeat.ts';

test('what the work tells goes out at once, and again for as long as it lasts', async () => {
  const heard: unknown[] = [];
  const told = await beating(
    async (beat) => {
      await sleep(50);
      beat({ step: 1 });
      await sleep(50);
      return 'done';
    },
    { everyMs: () => 10, heartbeat: (details) => heard.push(details) },
  );
  expect(told).toBe('done');
  const before = heard.indexOf(heard.find((details) => details !== undefined));
  expect(before).toBeGreaterThan(1);
  expect(heard.length).toBeGreaterThan(before + 1);
  expect(new Set(heard.slice(before))).toEqual(new Set([{ step: 1 }]));
  const { length } = heard;
  await sleep(50);
  expect(heard).toHaveLength(length);
});

test('each heartbeat may come later than the one before', async () => {
  const elapsed: number[] = [];
  const began = Date.now();
  const everyMs = (soFar: number): number => Math.max(20, soFar);
  await beating(() => sleep(200), { everyMs, heartbeat: () => elapsed.push(Date.now() - began) });
  expect(elapsed.length).toBeGreaterThan(1);
  expect(elapsed.length).toBeLessThan(6);
});
