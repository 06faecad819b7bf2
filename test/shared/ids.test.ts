import fc from 'fast-check';
import * as ids from '../../shared/ids.ts';

const { placeOf, setIdOf, uri } = ids;
const LAP = 'main/lap-0003';

test('what a lap leaves behind lies where people and the trainer look for it', () => {
  const verdicts = setIdOf(placeOf(LAP, 'scaleVerification'), 'verdicts');
  const job = placeOf(LAP, 'verifierV1');
  expect([
    uri.manifest(LAP),
    uri.dataset(placeOf(LAP, 'coldStart'), 'round-0'),
    uri.shard(verdicts, 7),
    uri.shardResult(verdicts, 7),
    uri.labels(verdicts),
    uri.reviewResults(ids.auditSetOf(LAP), { from: 250, to: 500 }),
    uri.jobs(job, 'result.json'),
    uri.rewards(job),
    uri.judgeLedger(job),
    uri.checkpoint('abc'),
    uri.curves(['main']),
    uri.curves(['main', 'two']),
    uri.comparison([LAP], ['two/lap-0001', 'two/lap-0002']),
  ]).toEqual([
    'laps/main/lap-0003/manifest.json',
    'datasets/main/lap-0003/cold-start/round-0.jsonl',
    'ledger/main/lap-0003/label/verdicts/shard-0007.jsonl',
    'ledger/main/lap-0003/label/verdicts/shard-0007.result.json',
    'labels/main/lap-0003/label/verdicts/labels.jsonl',
    'reviews/main/lap-0003/label/audit/rows-250-499.jsonl',
    'jobs/main/lap-0003/verifier-v1/result.json',
    'rewards/main/lap-0003/verifier-v1/rewards.jsonl',
    'ledger/main/lap-0003/verifier-v1/judge.jsonl',
    'checkpoints/abc',
    'laps/main/curves.html',
    'laps/curves.html',
    'comparisons/two-lap-0001-and-1-more-against-main-lap-0003.html',
  ]);
});

test('an id is read as it was put together', () => {
  fc.assert(
    fc.property(fc.stringMatching(ids.RUN_NAME), fc.nat(99_999), fc.stringMatching(/^[^/]+$/), (run, number, name) => {
      const lap = ids.lapName(run, number);
      expect([ids.fullLapName(lap), ids.runOf(lap), ids.lapNumber(lap)]).toEqual([lap, run, number]);
      expect(ids.lapIn(run, lap.slice(run.length + 1))).toBe(lap);
      const setId = setIdOf(placeOf(lap, 'metaData'), 'experts');
      expect([ids.partOf(setId), ids.withinLap(setId)]).toEqual(['metaData', '/meta-data/experts']);
      expect(ids.questionOf(ids.reviewIdOf(setId, name))).toEqual({ setId, question: name });
    }),
  );
});

test('a run that nobody names is main, and only what is a name of a lap is one', () => {
  expect(ids.fullLapName('lap-0003')).toBe(LAP);
  expect(ids.runOf()).toBe('main');
  for (const name of ['lap-3', 'main/', 'Main/lap-0003', 'main/lap-0003/label', 'lap-0003 ', ''])
    expect(ids.fullLapName(name)).toBeUndefined();
  expect(ids.lapIn('main', '.claim-x')).toBeUndefined();
  expect(ids.questionOf('alone')).toBeUndefined();
});

test('what a lap made names the lap', () => {
  const dataset = uri.dataset(placeOf('main/lap-00031', 'coldStart'), 'train');
  expect([dataset, placeOf(LAP, 'generator'), LAP].map(ids.lapOf)).toEqual(['main/lap-00031', LAP, LAP]);
  expect(ids.lapOf('imports/problems.jsonl')).toBeUndefined();
});

test('a job key is a path of plain names', () => {
  for (const key of ['main/lap-0001/verifier-v1', 'a', 'a.b/c-d']) expect(ids.isJobKey(key)).toBe(true);
  for (const key of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a b']) expect(ids.isJobKey(key)).toBe(false);
});
