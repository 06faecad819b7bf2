import { isFew, mayBeAmiss, NO_VERDICTS, NO_VERDICTS_BY_TASK } from '../../../shared/figures/losses.ts';
import { SetWords } from '../../../shared/figures/usable.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import type { Task } from '../../../shared/records.ts';

const SET = 'main/lap-0001/cold-start/draft';
const LIMITS = { temperature: 1, topP: 1, maxTokens: 128 };

function came(more: Partial<Outcome>): Outcome {
  return {
    key: 'k',
    row: 'r',
    sample: 0,
    kind: 'answered',
    task: 'prove',
    model: 'm',
    seed: 1,
    latencyMs: 1,
    requests: 1,
    ...more,
  };
}
const cutOff = (text: string, more: Partial<Outcome> = {}): Outcome =>
  came({ kind: 'truncated', cause: 'length', text, usage: { promptTokens: 490, completionTokens: 128 }, ...more });
const malformed = (reason: string, more: Partial<Outcome> = {}): Outcome =>
  came({ kind: 'unparseable', reason, text: 'The answer is 4.', ...more });
const verdict = (score: 0 | 0.5 | 1, task: Task = 'verify'): Outcome => came({ task, score, text: 'a verdict' });
const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome);

function said(outcomes: readonly Outcome[], sampling = LIMITS): string | undefined {
  const words = new SetWords({ prove: sampling, verify: sampling });
  for (const outcome of outcomes) words.add(outcome);
  return words.text(SET);
}

test('drafts of a small model: how many could be read, why not, one of them, and what helps', () => {
  const outcomes = [...times(2, cutOff('To prove')), ...times(2, malformed('no "## Solution" section'))];
  expect(said(outcomes)).toBe(
    `0 of 4 answers of ${SET} (prove) could be read: 2 stopped at sampling.prove.maxTokens 128, 2 malformed (no ` +
      '"## Solution" section). One of them: "To prove". What helps: longer answers (sampling.prove.maxTokens); a ' +
      'base that keeps the format (`flywheel base teach-format` makes one), or prompts that show it better. ' +
      `\`flywheel ledger show ${SET}\` shows all`,
  );
});

test.each([
  ['a context that is too small', cutOff('x', { usage: { promptTokens: 490, completionTokens: 22 } }), 'more context'],
  ['thinking without an end', cutOff('', { thinking: 'Let me see' }), 'how its thinking is told apart'],
  ['thinking that a parser left in', malformed('begins with <think>, though'), 'how its thinking is told apart'],
  ['another format', malformed('no opening phrase'), 'a base that keeps the format'],
  ['a filter', cutOff('x', { cause: 'filter', reason: 'stopped by a filter of the server' }), 'another server'],
  ['a server that refuses', came({ kind: 'failed', cause: 'overflow', reason: 'context length' }), 'flywheel doctor'],
])('%s has its own remedy', (_, outcome, remedy) => {
  const text = said([outcome]);
  expect(text).toContain(remedy);
  expect(text?.split('What helps: ')[1]).not.toContain('; ');
});

test('the sample is of the most frequent kind, and long ones are cut', () => {
  const text = said([malformed('no opening phrase'), ...times(2, cutOff('y'.repeat(5_000)))]);
  expect(text).toContain(`One of them: "${'y'.repeat(200)}…"`);
});

test.each([
  [0, 4, true],
  [1, 5, true],
  [1, 4, false],
  [0, 0, false],
])('%i of %i answers are few: %p', (answered, samples, few) => {
  expect(isFew(answered, samples)).toBe(few);
  const outcomes = [...times(answered, came({ text: '## Solution\nx' })), ...times(samples - answered, cutOff('x'))];
  expect(said(outcomes) !== undefined).toBe(few);
});

test.each([0, 0.5, 1] as const)(
  'a judge that says %p ten times says nothing, and nine times may be chance',
  (score) => {
    expect(said(times(9, verdict(score)))).toBeUndefined();
    expect(said(times(10, verdict(score)))).toContain(`said ${score} in all its 10 verdicts`);
    expect(said([...times(10, verdict(score)), verdict(score === 1 ? 0 : 1)])).toBeUndefined();
  },
);

test('verdicts may be amiss where their sum is that of equal ones, or few of a kind can be read', () => {
  const counted = (asked: number, scores: number, unparseable = 0) =>
    mayBeAmiss({ ...NO_VERDICTS_BY_TASK, metaVerify: { ...NO_VERDICTS, asked, scores, unparseable } });
  expect([counted(10, 10), counted(10, 0), counted(10, 5), counted(12, 10, 2)]).toEqual([true, true, true, true]);
  expect([counted(10, 9), counted(9, 9), counted(0, 0), counted(12, 10)]).toEqual([false, false, false, false]);
  expect([counted(5, 1, 4), counted(4, 1, 3)]).toEqual([true, false]);
});
