import { openPromptSet, promptSetNamed } from '../../../activities/store/promptSets.ts';
import type { PromptSet } from '../../../activities/store/promptSet.ts';
import { workedExamples } from '../../../activities/store/workedExamples.ts';
import { obedienceOf } from '../../../activities/teaching/obedience.ts';
import type { Ask, OwnText } from '../../../activities/teaching/ownTexts.ts';
import { interleaved, lessonRows, type Lesson } from '../../../activities/teaching/rows.ts';
import { parseAnswer } from '../../../shared/answers.ts';
import { TASKS, type Task, type TrainingRow } from '../../../shared/records.ts';
import { MemoryStore } from '../store/memoryStore.ts';

let prompts: PromptSet;
let examples: Lesson['examples'];
beforeAll(async () => {
  const store = new MemoryStore();
  prompts = await openPromptSet(store, await promptSetNamed(store, 'paper'));
  examples = await workedExamples();
});

const says = (text: string): OwnText => ({ text, ended: false, tokens: 1 });

/** A base that says where it was asked. */
function lesson(more: Partial<Lesson> = {}): Lesson {
  return {
    tasks: TASKS,
    perTask: 12,
    prompts,
    examples,
    problems: examples.prove.map(({ problem }) => problem),
    settings: () => ({ maxTokens: 128, temperature: 1, topP: 1 }),
    write: async (asks) => asks.map(({ id }) => says(`This is ${id.replaceAll('/', ' ')}. And here`)),
    ...more,
  };
}

const readsOf = (task: Task, rows: readonly TrainingRow[] | undefined) =>
  (rows ?? []).map(({ completion }) => parseAnswer(task, completion ?? ''));

test('half of a task’s rows are worked examples, half the base’s own, and each has its format', async () => {
  const byTask = await lessonRows(lesson());
  for (const task of TASKS) {
    const rows = byTask[task] ?? [];
    expect(readsOf(task, rows).map(({ kind }) => kind)).toEqual(Array(12).fill('wellFormed'));
    expect(rows.filter(({ completion }) => completion?.includes(' own ')).length).toBe(6);
    expect(new Set(rows.map(({ itemId }) => itemId)).size).toBe(12);
    for (const { prompt, meta } of rows) expect(prompt.at(-1)?.content).toContain(meta.problem.statement);
  }
});

test.each(['verify', 'metaVerify', 'selfVerify'] as const)('each score is in as many boxes: %s', async (task) => {
  const read = readsOf(task, (await lessonRows(lesson()))[task]);
  const counts = [0, 0.5, 1].map((score) => read.filter((each) => 'score' in each && each.score === score).length);
  expect(counts).toEqual([4, 4, 4]);
});

test('the base writes on from the words that an answer begins with, up to half of its tokens', async () => {
  const asked: Ask[] = [];
  await lessonRows(
    lesson({
      write: async (asks) => {
        asked.push(...asks);
        return asks.map(() => says('It all holds.'));
      },
    }),
  );
  const begun = Object.fromEntries(asked.map(({ id, forced }) => [id.split('/')[0], forced]));
  expect(begun).toEqual({
    prove: '## Solution\n\n',
    refine: '## Solution\n\n',
    verify: 'Here is my evaluation of the solution:\n',
    metaVerify: 'Here is my analysis of the "solution evaluation":\n',
  });
  expect(new Set(asked.map(({ maxTokens }) => maxTokens))).toEqual(new Set([40]));
  expect(new Set(asked.map(({ seed }) => seed)).size).toBe(asked.length);
});

test('where a base writes nothing usable its rows are left out, with what was to be built on them', async () => {
  const byTask = await lessonRows(lesson({ write: async (asks) => asks.map(() => says('## Solution')) }));
  for (const task of TASKS) expect(byTask[task]).toHaveLength(6);
});

test('only tasks that are asked for have rows, and no text is written for others', async () => {
  const asked = new Set<string>();
  const write: Lesson['write'] = async (asks, what) => {
    asked.add(what);
    return asks.map(() => says('It all holds.'));
  };
  const byTask = await lessonRows(lesson({ tasks: ['prove', 'verify'], write }));
  expect(Object.keys(byTask)).toEqual(['prove', 'verify']);
  expect([...asked]).toEqual(['own texts, prove', 'own texts, verify']);
});

test('of a base that thinks each row has thoughts of its own, and its texts come after some', async () => {
  const thinking = { open: '<think>', close: '</think>' };
  const asked: Ask[] = [];
  const byTask = await lessonRows(
    lesson({
      perTask: 2,
      settings: () => ({ maxTokens: 128, temperature: 1, topP: 1, thinking }),
      write: async (asks) => {
        asked.push(...asks);
        return asks.map(({ thinking: marks, thought }) =>
          says(marks && thought === undefined ? 'Let me see. So' : 'It all holds.'),
        );
      },
    }),
  );
  for (const task of TASKS)
    expect((byTask[task] ?? []).map(({ thinking: thoughts }) => thoughts)).toEqual(['Let me see.', 'Let me see.']);
  const answers = asked.filter(({ forced }) => forced !== undefined);
  expect(answers.map(({ thought }) => thought)).toEqual(answers.map(() => 'Let me see.'));
});

test('any first examples hold each score equally often', () => {
  for (const count of [3, 6, 9]) {
    const scores = interleaved(examples.metaVerify)
      .slice(0, count)
      .map(({ score }) => score);
    expect(scores.toSorted((a = 0, b = 0) => a - b)).toEqual(
      [0, 0.5, 1].flatMap((score) => Array(count / 3).fill(score)),
    );
  }
});

test('an answer obeys when it ended by itself, can be read, and its thinking is over', () => {
  const ended = (text: string): OwnText => ({ text, ended: true, tokens: 9 });
  const proof = '## Solution\n\nIt holds.';
  expect(
    obedienceOf(
      'prove',
      [ended(proof), { ...ended(proof), ended: false }, ended('It holds.'), ended(`<think>Hm.</think>${proof}`)],
      { open: '<think>', close: '</think>', promptOpens: false },
    ),
  ).toEqual({
    task: 'prove',
    asked: 4,
    obeyed: 2,
    faults: { 'stopped at its limit of tokens': 1, 'no "## Solution" section': 1 },
  });
});
