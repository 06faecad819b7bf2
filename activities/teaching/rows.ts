import { imitatesVerdict } from '../../shared/answers.ts';
import type { Problem, RewardMeta, Task, TrainingRow } from '../../shared/records.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import { seedOf } from '../../shared/seeds.ts';
import type { TemplateKwargs, ThinkingFormat, ThinkingTags } from '../../shared/thinking.ts';
import { answerText, opening } from '../store/answerTexts.ts';
import type { PromptSet, PromptValues } from '../store/promptSet.ts';
import type { WorkedExample } from '../store/workedExamples.ts';
import type { Ask, OwnText } from './ownTexts.ts';
import { wholeSentences } from './sentences.ts';

/** What rows are made of. */
export interface Lesson {
  readonly tasks: readonly Task[];
  /** Rows of each task; half of them, rounded up, are worked examples while there are any. */
  readonly perTask: number;
  readonly prompts: PromptSet;
  readonly examples: Readonly<Record<Task, readonly WorkedExample[]>>;
  /** What the base's own texts are about. */
  readonly problems: readonly Problem[];
  readonly settings: (task: Task) => TaskSettings;
  readonly write: (asks: readonly Ask[], what: string) => Promise<readonly OwnText[]>;
}

/** How a task is asked. */
export interface TaskSettings {
  /** Tokens of a whole answer. */
  readonly maxTokens: number;
  /** Of the thinking, beside these. @default within them */
  readonly maxThinkingTokens?: number | undefined;
  readonly temperature: number;
  readonly topP: number;
  readonly templateKwargs?: TemplateKwargs | undefined;
  readonly thinking?: ThinkingFormat | undefined;
}

export type RowsByTask = Readonly<Partial<Record<Task, readonly TrainingRow[]>>>;

/** Tokens that stand around a text: titles, phrases, the box. Ours, by a common tokenizer. */
const AROUND = 48;
/** Tokens of the base's own in a text of which there is one in an answer, two in a self-verified one. Ours. */
const OWN = { least: 16, most: 256 };
/** Of a small base: at 1 its sentences fall apart, and it would learn to write such. Ours. */
const TEMPERATURE = 0.7;
/** Tokens of thinking that a row shows of a base that thinks. Ours: enough that it goes on doing so. */
const THOUGHT = 128;

/**
 * Rows in the format of each task: worked examples, and the base's own proofs and assessments, which are given their
 * titles, phrases and boxes. Boxes hold each score equally often, whatever was written before them: they teach the
 * format and no judgement.
 */
export async function lessonRows(lesson: Lesson): Promise<RowsByTask> {
  const { tasks, perTask, examples } = lesson;
  const worked = Math.min(Math.ceil(perTask / 2), ...tasks.map((task) => examples[task].length));
  const own = await ownExamples(lesson, perTask - worked);
  const rows: Partial<Record<Task, readonly TrainingRow[]>> = {};
  for (const task of tasks) {
    const shown = [...interleaved(examples[task]).slice(0, worked), ...own.map((each) => each[task])];
    rows[task] = await withThoughts(lesson, task, shown.filter((each) => each !== undefined).map(rowOf(lesson, task)));
  }
  return rows;
}

/** The examples in turns by their scores, so that any first few of them hold each equally often. */
export function interleaved(examples: readonly WorkedExample[]): WorkedExample[] {
  const seen = new Map<Score | undefined, number>();
  const placed = examples.map((example) => {
    const place = seen.get(example.score) ?? 0;
    seen.set(example.score, place + 1);
    return { example, place };
  });
  placed.sort((a, b) => a.place - b.place || (a.example.score ?? 0) - (b.example.score ?? 0));
  return placed.map(({ example }) => example);
}

type OwnExamples = Partial<Record<Task, WorkedExample>>;

/** The base writes proofs, then assessments of them and better ones, then assessments of these. */
async function ownExamples(lesson: Lesson, count: number): Promise<OwnExamples[]> {
  const problems = Array.from({ length: count }, (_, at) => lesson.problems[at % lesson.problems.length] as Problem);
  const texts = (task: Task, values: readonly (PromptValues | undefined)[]) => ownTexts(lesson, task, values);
  const needs = (...tasks: readonly Task[]) => tasks.some((task) => lesson.tasks.includes(task));

  const about = problems.map(({ statement }) => ({ problem: statement }));
  const proofs = await texts('prove', about);
  const withProof = about.map((each, at) => withValue(each, 'proof', proofs[at]));
  const judging = needs('verify', 'metaVerify', 'refine', 'selfVerify', 'selfRefine');
  const findings = judging ? await texts('verify', withProof) : [];
  const analyses = findings.map((found, at) => found && answerText.analysis({ findings: found, score: scoreAt(at) }));
  const withAnalysis = withProof.map((each, at) => withValue(each, 'analysis', analyses[at]));
  const better = needs('refine') ? await texts('refine', withAnalysis) : [];
  const meta = needs('metaVerify') ? await texts('metaVerify', withAnalysis) : [];

  return problems.map((problem, at): OwnExamples => {
    const [proof, found, other, rated] = [proofs[at], findings[at], better[at], meta[at]];
    const [score, quality] = [scoreAt(at), scoreAt(at + 1)];
    const self = proof && found && answerText.selfVerified(proof, { findings: found, score });
    const example = (values: PromptValues | undefined, answer: string | undefined, given?: Score) =>
      values && answer ? { problem, values, answer, ...(given !== undefined && { score: given }) } : undefined;
    return {
      prove: example(about[at], proof && answerText.proof(proof)),
      refine: example(withAnalysis[at], other && answerText.proof(other)),
      selfVerify: example(about[at], self, score),
      selfRefine: example(about[at], self, score),
      verify: example(withProof[at], analyses[at], score),
      metaVerify: example(
        withAnalysis[at],
        rated && answerText.metaAnalysis({ findings: rated, score: quality }),
        quality,
      ),
    } as OwnExamples;
  });
}

const scoreAt = (at: number): Score => SCORES[at % SCORES.length] as Score;

function withValue(values: PromptValues | undefined, name: 'proof' | 'analysis', text: string | undefined) {
  return values && text ? { ...values, [name]: text } : undefined;
}

/** What the base writes after the forced beginning of each answer; undefined where nothing usable. */
async function ownTexts(
  lesson: Lesson,
  task: Task,
  values: readonly (PromptValues | undefined)[],
): Promise<(string | undefined)[]> {
  const { maxTokens } = lesson.settings(task);
  const own = Math.max(OWN.least, Math.min(OWN.most, Math.floor((maxTokens - AROUND) / 2)));
  const asked = values.flatMap((shown, at) =>
    shown === undefined ? [] : [{ at, ask: askOf(lesson, task, shown, `own/${at}`, own) }],
  );
  const thoughts = await thoughtsFor(
    lesson,
    task,
    asked.map(({ ask }) => ask),
  );
  const forced = asked.map(({ ask }, index) => ({ ...ask, forced: opening(task), ...thoughts[index] }));
  const written = await lesson.write(forced, `own texts, ${task}`);
  const texts: (string | undefined)[] = values.map(() => undefined);
  for (const [index, { at }] of asked.entries()) {
    const text = wholeSentences((written[index] as OwnText).text);
    if (text !== '' && !imitatesVerdict(text)) texts[at] = text;
  }
  return texts;
}

function askOf(lesson: Lesson, task: Task, values: PromptValues, name: string, maxTokens: number): Ask {
  const { templateKwargs } = lesson.settings(task);
  return {
    id: `${task}/${name}`,
    messages: lesson.prompts.render(task, values),
    maxTokens,
    temperature: TEMPERATURE,
    seed: seedOf('teach', task, name),
    ...(templateKwargs && { templateKwargs }),
  };
}

/** Where the base thinks in this task, what it thinks before it is stopped; nothing else. */
async function thoughtsFor(
  lesson: Lesson,
  task: Task,
  asks: readonly Ask[],
): Promise<readonly { readonly thinking?: ThinkingTags; readonly thought?: string }[]> {
  const { thinking } = lesson.settings(task);
  if (thinking === undefined || typeof thinking === 'string') return asks.map(() => ({}));
  const thoughts = asks.map((ask) => ({ ...ask, id: `${ask.id}/thought`, thinking, maxTokens: THOUGHT }));
  const written = await lesson.write(thoughts, `thoughts, ${task}`);
  return written.map(({ text, ended }) => ({ thinking, thought: ended ? text.trim() : wholeSentences(text) }));
}

const rowOf =
  ({ prompts }: Lesson, task: Task) =>
  ({ problem, values: { proof, analysis, ...values }, answer, score }: WorkedExample, at: number): TrainingRow => {
    const shown = { ...(proof !== undefined && { proof }), ...(analysis !== undefined && { analysis }) };
    const meta: RewardMeta = { problem, ...shown, ...(score !== undefined && { score }) };
    const prompt = prompts.render(task, { ...values, ...shown });
    return { itemId: `${task}-${at}-${problem.id}`, task, prompt, meta, completion: answer };
  };

/** A base that thinks learns each answer after thoughts of its own: it shall not unlearn to think. */
async function withThoughts(lesson: Lesson, task: Task, rows: readonly TrainingRow[]): Promise<TrainingRow[]> {
  const asks = rows.map(({ itemId, prompt }) => ({
    ...askOf(lesson, task, { problem: '', proof: '', analysis: '' }, itemId, THOUGHT),
    messages: prompt,
  }));
  const thoughts = await thoughtsFor(lesson, task, asks);
  return rows.map((row, at) => {
    const { thought } = thoughts[at] ?? {};
    return thought ? { ...row, thinking: thought } : row;
  });
}
