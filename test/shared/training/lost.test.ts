import { isUnseen, refusalToSayLost, SIGN_OF_LIFE_MS } from '../../../shared/training/lost.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const lost = { kind: 'alive', lostSince: '2026-11-28T11:00:00Z', words: 'node n1 lost' } as const;
const silent = { file: 'jobs/j/metrics.jsonl', changedAt: NOW - SIGN_OF_LIFE_MS };

test('a person may say of a job that is on a lost node, or whose cluster is away, that it is dead', () => {
  expect(refusalToSayLost(lost, silent, NOW)).toBeUndefined();
  expect(refusalToSayLost(lost, undefined, NOW)).toBeUndefined();
  expect(refusalToSayLost({ kind: 'away', words: 'no answer' }, silent, NOW)).toBeUndefined();
});

test('nobody may say it of what is seen alive, waits, has ended, or has just written', () => {
  const seen = { kind: 'alive', words: 'its pod is asked to end' } as const;
  expect(refusalToSayLost(seen, silent, NOW)).toMatch(/sees it run \(its pod is asked to end\)/);
  expect(refusalToSayLost({ kind: 'queued', words: 'Priority' }, undefined, NOW)).toMatch(/queue \(Priority\)/);
  expect(refusalToSayLost({ kind: 'gone' }, silent, NOW)).toMatch(/has ended/);
  const fresh = { ...silent, changedAt: NOW - 7_000 };
  expect(refusalToSayLost(lost, fresh, NOW)).toMatch(/wrote jobs\/j\/metrics.jsonl 7 s ago/);
});

test('only where nobody can see it a word decides', () => {
  expect([{ kind: 'away', words: '' } as const, lost].map(isUnseen)).toEqual([true, true]);
  expect([{ kind: 'queued' } as const, { kind: 'gone' } as const, { kind: 'alive' } as const].map(isUnseen)).toEqual([
    false,
    false,
    false,
  ]);
});
