import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MeasuredRates } from '../../shared/cost/rates.ts';
import { SetWords } from '../../shared/figures/usable.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { CheckpointModel, Task } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import { exampleRows } from '../datasets/formatCheck.ts';
import { LedgerAsker } from '../inference/asker.ts';
import { callKey } from '../inference/keys.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { ModelServers } from '../inference/servers.ts';
import { readBack } from '../inference/written.ts';
import { rowQuestion } from '../sets/samples.ts';
import { FileStore } from '../store/files.ts';
import type { PromptSet } from '../store/promptSet.ts';
import type { TokenCounter } from '../store/tokenizer.ts';
import { templateWord } from './template.ts';

export interface RolesAsked {
  readonly recipe: Recipe;
  readonly model: CheckpointModel;
  readonly prompts: PromptSet;
  /** Of the model's own folder. */
  readonly counter: TokenCounter;
  readonly tasks: readonly Task[];
  /** Questions of each. */
  readonly calls: number;
}

/** What the answers of a role came to. */
export interface RoleSeen {
  readonly task: Task;
  readonly calls: number;
  /** In the format of the role. */
  readonly answered: number;
  /** Why the others are not, by count; one of them, and what helps. */
  readonly lost: { readonly kinds: string; readonly sample: string; readonly helps: readonly string[] };
  /** What the server's count of the prompt says of how the template was applied. */
  readonly template: string;
  readonly isTemplateRight: boolean;
  /** Answers that ended by themselves, and those that were cut at a limit. */
  readonly ended: number;
  readonly cut: number;
  /** Answers with thinking before them. */
  readonly thought: number;
  /** Of completions, while the role was asked. */
  readonly tokensPerSecond: number | null;
}

export interface RolesSeen {
  readonly roles: readonly RoleSeen[];
  readonly rates: Partial<MeasuredRates>;
}

/**
 * Asks a base the questions of the worked examples as a lap would, role by role, and keeps no answer.
 * @param told after each answer.
 * @throws the signal's reason; where no server answers, with what was tried.
 */
export async function askRoles(
  servers: ModelServers,
  asked: RolesAsked,
  signal: AbortSignal,
  told: (task: Task, done: number, of: number) => void,
): Promise<RolesSeen> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-doctor-'));
  const ledger = await Ledger.open(new FileStore(folder), 'answers.jsonl');
  try {
    const asker = new LedgerAsker(ledger, servers);
    await awake(asker, asked, signal);
    const roles: RoleSeen[] = [];
    const tokens: Record<string, { prompt: number; completion: number }> = {};
    let [all, seconds] = [0, 0];
    for (const task of asked.tasks) {
      const began = performance.now();
      const { outcomes, ours, bare } = await answersOf(asker, task, asked, signal, (done) =>
        told(task, done, asked.calls),
      );
      const took = (performance.now() - began) / 1000;
      const usages = outcomes.flatMap(({ usage }) => usage ?? []);
      const prompt = usages.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
      const completion = usages.reduce((sum, { completionTokens }) => sum + completionTokens, 0);
      all += prompt + completion;
      seconds += took;
      if (usages.length > 0) tokens[task] = { prompt: prompt / usages.length, completion: completion / usages.length };
      roles.push({
        ...seen(task, outcomes, asked.recipe, ours, bare),
        tokensPerSecond: completion ? completion / took : null,
      });
    }
    return { roles, rates: { tokens, tokensPerSecond: all > 0 ? all / seconds : null } };
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** One token, so that a model is loaded, and its server known for what it is, before anything is timed. */
async function awake(asker: LedgerAsker, { recipe, model, prompts }: RolesAsked, signal: AbortSignal): Promise<void> {
  const sampling = { ...recipe.sampling.prove, maxTokens: 1 };
  for (const row of await exampleRows('prove', 1)) {
    const { digest, ...question } = rowQuestion(prompts, row, { task: 'prove', model, sampling, seed: 0 });
    const which = { seed: 0, sample: 0, attempt: 0 };
    const { kind, reason } = await asker.ask({ ...question, ...which, key: callKey(digest, which) }, signal);
    if (kind === 'failed') throw new Error(reason);
  }
}

async function answersOf(
  asker: LedgerAsker,
  task: Task,
  { recipe, model, prompts, counter, calls }: RolesAsked,
  signal: AbortSignal,
  told: (done: number) => void,
) {
  const rows = await exampleRows(task, calls);
  const sampling = recipe.sampling[task];
  const seed = seedOf(recipe.seed, 'doctor', task);
  const questions = rows.map((row) => rowQuestion(prompts, row, { task, model, sampling, seed }));
  let done = 0;
  const outcomes = await Promise.all(
    Array.from({ length: calls }, async (_, call) => {
      const { digest, ...question } = questions[call % questions.length] as (typeof questions)[number];
      const which = { seed: seedOf(seed, question.row, call), sample: call, attempt: 0 };
      const outcome = await asker.ask({ ...question, ...which, key: callKey(digest, which) }, signal);
      told((done += 1));
      return outcome;
    }),
  );
  const texts = new Map(questions.map(({ row, messages }) => [row, readBack(messages)]));
  const bare = (row: string) => (texts.get(row) ?? []).reduce((sum, { content }) => sum + counter.tokens(content), 0);
  const ours = (row: string) => counter.prompt(texts.get(row) ?? [], sampling.templateKwargs);
  return { outcomes, ours, bare };
}

function seen(
  task: Task,
  outcomes: readonly Outcome[],
  { sampling }: Recipe,
  ours: (row: string) => number,
  bare: (row: string) => number,
): Omit<RoleSeen, 'tokensPerSecond'> {
  const words = new SetWords({ [task]: sampling[task] });
  for (const outcome of outcomes) words.add(outcome);
  const of = (...kinds: readonly Outcome['kind'][]) => outcomes.filter(({ kind }) => kinds.includes(kind)).length;
  const counted = outcomes.find(({ usage }) => usage !== undefined && usage.promptTokens > 0);
  const template = counted?.usage
    ? templateWord(counted.usage.promptTokens, ours(counted.row), bare(counted.row))
    : { text: 'the server does not count prompts', isRight: true };
  return {
    task,
    calls: outcomes.length,
    answered: of('answered'),
    lost: words.lost(task),
    template: template.text,
    isTemplateRight: template.isRight,
    ended: of('answered', 'unparseable'),
    cut: of('truncated'),
    thought: outcomes.filter(({ thinking = '' }) => thinking !== '').length,
  };
}
