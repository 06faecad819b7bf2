import { CourseWords, type Course, type Rewarded } from '../../../shared/figures/taught.ts';
import type { Score } from '../../../shared/scores.ts';

const INIT = '783be513'.padEnd(64, '0');
const OTHER = 'f'.repeat(64);
const JOB = 'think/lap-0001/verifier-v1';

const line = (step: number, flatGroupShare: number, truncatedShare = 0) => ({
  step,
  reward: 0,
  stepSeconds: 1,
  flatGroupShare,
  truncatedShare,
});
const scored = (format: 0 | 1, reward: number, more: Partial<Rewarded> = {}): Rewarded => ({
  answer: { itemId: 'verify/a', status: 'scored', reward, components: { format }, imitatesVerdict: false },
  verdicts: {},
  ...more,
});
const broken = (reason: string, begins = 'I think'): Rewarded => scored(0, 0, { malformed: { reason, begins } });
const judged = (score: Score): Rewarded => scored(1, score, { verdicts: { proof: [score], meta: [1, 0] } });

function said(rewards: readonly Rewarded[], more: Partial<Course>): string[] {
  const words = new CourseWords();
  for (const reward of rewards) words.add(reward);
  const hyper = { learningRate: 1e-6, maxCompletionTokens: 64 };
  return words.text({ jobKey: JOB, init: INIT, checkpoint: OTHER, lines: [line(1, 0)], hyper, ...more });
}

test('a training that taught says nothing', () => {
  expect(said([broken('no opening phrase'), judged(1), judged(0)], { lines: [line(1, 1), line(2, 0.75)] })).toEqual([]);
});

test('a base that keeps no format: unchanged, flat, format 0 in all, what it wrote, and what helps', () => {
  const rewards = [broken('cut off', 'Sure, the proof'), broken('cut off'), broken('no opening phrase')];
  expect(said(rewards, { checkpoint: INIT, lines: [line(1, 1, 0.5)] })).toEqual([
    `${JOB} changed nothing: its weights are those that it began from (783be513); it had no group with spread in all ` +
      `its ` +
      '1 steps, and equal rewards teach nothing. Format reward 0 in 3 of 3 answers (2 cut off, 1 no opening phrase). ' +
      '50 % were cut off at maxCompletionTokens 64. One of them: "Sure, the proof". What helps: longer answers ' +
      '(maxCompletionTokens of the stage); an init that keeps the format (`flywheel base teach-format` makes a base ' +
      'that does)',
  ]);
});

test('answers that were all cut off want room alone', () => {
  const [text] = said([broken('cut off'), broken('cut off')], { lines: [line(1, 1, 1)] });
  expect(text).toMatch(/What helps: longer answers \(maxCompletionTokens of the stage\)$/);
});

test('groups that are flat though the format is kept are flat for another reason', () => {
  const [text] = said([scored(1, 0.5), scored(1, 0.5)], { lines: [line(1, 1), line(2, 1)] });
  expect(text).toContain('in all its 2 steps');
  expect(text).toContain('Rewards of those in format: 0.5 in all 2. What helps: larger groups');
  expect(text).not.toMatch(/teach-format|changed nothing/);
});

test('a judge that always says the same is another one still, and is said where groups had spread, too', () => {
  const same = Array.from({ length: 10 }, () => judged(1));
  const [stage, judge, ...more] = said(same, { lines: [line(1, 1)] });
  expect(stage).toContain('What helps: a judge that tells answers apart');
  expect(judge).toContain(`The verifier that rewards ${JOB} said 1 in all its 10 verdicts`);
  expect(more).toEqual([]);
  expect(said([...same, broken('no closing phrase')], {})).toEqual([judge]);
  expect(said(same.slice(1), {})).toEqual([]);
  expect(said([...same, judged(0)], {})).toEqual([]);
});

test('a learning rate that is too small for the weights is told from flat groups', () => {
  expect(said([judged(1), judged(0)], { checkpoint: INIT })).toEqual([
    `${JOB} changed nothing: its weights are those that it began from (783be513). What helps: a higher learningRate ` +
      `than ` +
      '0.000001, or more steps',
  ]);
});
