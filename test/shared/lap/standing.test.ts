import type { LapProgress } from '../../../shared/lap/progress.ts';
import { motionOf, waits } from '../../../shared/lap/standing.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const progress: LapProgress = {
  phase: 'coldStart',
  phaseIndex: 2,
  phases: 10,
  startedAt: '2026-01-01T00:00:00Z',
  phaseStartedAt: '2026-01-01T12:00:00Z',
};

test.each<[string, Partial<LapProgress>, object]>([
  ['a lap that works waits for nothing', {}, {}],
  ['open questions are waited for since the phase began', { waitingForExperts: 3 }, { people: 43_200 }],
  ['no open question is none', { waitingForExperts: 0 }, {}],
  [
    'servers are busy for a moment all the time; that is no outage',
    { waitingForServers: { since: '2026-01-01T23:59:50Z', last: 'busy' } },
    {},
  ],
  [
    'servers that stay away are waited for',
    { waitingForServers: { since: '2026-01-01T23:59:00Z', last: 'gone' } },
    { servers: 60 },
  ],
  ['a queue is waited in since the job was submitted', { queuedSince: '2026-01-01T00:00:00Z' }, { queue: 86_400 }],
])('%s', (_, more, expected) => expect(waits({ ...progress, ...more }, NOW)).toEqual(expected));

test('a step, a call, a question or a phase is motion; time that goes by is none', () => {
  const before = motionOf(progress, undefined);
  expect(motionOf({ ...progress }, undefined)).toBe(before);
  for (const more of [{ step: 1 }, { callsDone: 1 }, { waitingForExperts: 1 }, { phase: 'verifierV1' as const }])
    expect(motionOf({ ...progress, ...more }, undefined)).not.toBe(before);
});
