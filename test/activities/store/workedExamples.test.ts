import { workedExamples } from '../../../activities/store/workedExamples.ts';
import { promptSetNamed, openPromptSet } from '../../../activities/store/promptSets.ts';
import { answerImitatesVerdict, parseAnswer } from '../../../shared/answers.ts';
import { TASKS } from '../../../shared/records.ts';
import { MemoryStore } from './memoryStore.ts';

let examples: Awaited<ReturnType<typeof workedExamples>>;
beforeAll(async () => {
  examples = await workedExamples();
});

test.each(TASKS)('each worked answer of %s has its format and its score, and imitates no other', (task) => {
  for (const { answer, score, problem } of examples[task]) {
    const parsed = parseAnswer(task, answer);
    expect([problem.id, parsed]).toEqual([problem.id, expect.objectContaining({ kind: 'wellFormed', text: answer })]);
    expect(parsed).toMatchObject(score === undefined ? {} : { score });
    expect(answerImitatesVerdict(task, parsed)).toBe(false);
  }
});

test.each(['verify', 'metaVerify', 'selfVerify'] as const)(
  'the scores 0, 0.5 and 1 are equally often right: %s',
  (task) => {
    const counts = [0, 0.5, 1].map((score) => examples[task].filter((each) => each.score === score).length);
    expect(counts).toEqual([5, 5, 5]);
  },
);

test('the analysis that refine shows is a right one, and metaVerify rates right and wrong ones', () => {
  for (const [at, { values }] of examples.refine.entries())
    expect(parseAnswer('verify', values.analysis ?? '')).toMatchObject({ score: examples.verify[at]?.score });
  for (const { values } of examples.metaVerify)
    expect(parseAnswer('verify', values.analysis ?? '')).toMatchObject({ kind: 'wellFormed' });
});

test('a shipped set asks each of them, and every answer is short', async () => {
  const store = new MemoryStore();
  const prompts = await openPromptSet(store, await promptSetNamed(store, 'paper'));
  for (const task of TASKS)
    for (const { values, answer, problem } of examples[task]) {
      expect(prompts.render(task, values).at(-1)?.content).toContain(problem.statement);
      expect(answer.length).toBeLessThan(task === 'selfRefine' ? 640 : 400);
    }
});
