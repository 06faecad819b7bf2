import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { TASKS, type Task } from '../../../shared/records.ts';
import { randomFrom, seedOf } from '../../../shared/seeds.ts';
import { labelOf, MAX_OPERATIONS, statementOf, textOf } from '../chain.ts';
import {
  CLEAN_TEACHER,
  demonstrate,
  SLOPPY_TEACHER,
  withMisses,
  withoutIntermediates,
  type Teacher,
} from './demonstrations.ts';
import { randomChain, TRIVIAL_SHARE } from '../problems.ts';
import type { Random } from './teacher.ts';
import { ANSWER, MAX_LENGTH, tokenizerConfigJson, tokenizerJson, VOCABULARY } from './tokenizer.ts';
import { runScript } from './runScript.ts';

/**
 * Writes all that train_base.py needs to make a base: config, tokenizer and one corpus per phase of its training.
 * Usage: node --import tsx domains/rehearsal/base/makeBase.ts <folder> [rehearsal | weakVerifier] [seed]; then
 * domains/rehearsal/base/train_base.py <folder> <checkpoint folder>.
 */

/** One phase of the training: what it shows, for so many optimizer steps of so many examples. */
interface Phase {
  readonly name: string;
  /**
   * What is imitated, on chains of these lengths, and how often each task comes relative to the others; or single
   * operations, drilled.
   */
  readonly show:
    | {
        readonly teacher: Teacher;
        readonly lengths: readonly [number, number];
        readonly mix: Readonly<Record<Task, number>>;
        readonly trivialShare?: number;
      }
    | 'single operations';
  readonly steps: number;
  readonly batch: number;
  /** Of the learning rates: at the first step and at the last, evenly between. */
  readonly rate: readonly [number, number];
  /** Starts with new optimizers, so that a clean model can be kept and another sloppy teacher tried on it. */
  readonly fresh?: boolean;
}

const ALL_TASKS = { prove: 3, verify: 7, metaVerify: 3, selfVerify: 2, refine: 1.2, selfRefine: 0.6 };

const PHASES: readonly Phase[] = [
  { name: 'single operations', show: 'single operations', steps: 250, batch: 48, rate: [1, 1] },
  {
    name: 'clean, short chains',
    show: { teacher: CLEAN_TEACHER, lengths: [1, 3], mix: ALL_TASKS },
    steps: 500,
    batch: 32,
    rate: [1, 1],
  },
  {
    name: 'clean, all chains',
    show: { teacher: CLEAN_TEACHER, lengths: [2, 8], mix: ALL_TASKS },
    steps: 500,
    batch: 32,
    rate: [1, 0.3],
  },
  {
    name: 'sloppy, all chains',
    show: { teacher: SLOPPY_TEACHER, lengths: [1, 8], mix: ALL_TASKS, trivialShare: TRIVIAL_SHARE },
    steps: 250,
    batch: 32,
    rate: [0.3, 0.05],
    fresh: true,
  },
];

/**
 * The shipped bases: the rehearsal's; the harder setting's, whose teachers judge merged lines without their
 * intermediate values; and one whose teachers judge analyses by the rubric that also scores what they miss.
 */
export const BASES = ['rehearsal', 'weakVerifier', 'seesMisses'] as const;
export type BaseName = (typeof BASES)[number];

/** Of the lines that a sloppy teacher sees passed, those judged the wrong way round: an analysis has up to eight. */
const MISJUDGE_PASSED = 0.02;

const TEACHERS: Readonly<Record<BaseName, (teacher: Teacher) => Teacher>> = {
  rehearsal: (teacher) => teacher,
  weakVerifier: withoutIntermediates,
  seesMisses: (teacher) => withMisses(teacher, teacher === SLOPPY_TEACHER ? MISJUDGE_PASSED : 0),
};

/** By which a base judges analyses, and is measured. */
export const rubricOf = (base: BaseName): NonNullable<Recipe['metaRubric']> =>
  base === 'seesMisses' ? 'claimsAndMisses' : 'claims';

/** Operations in an example of the first phase. */
const DRILL_LINES = 16;

/** Weight of the language-model loss on a proof that stands in a prompt: to foresee it is to recompute it. */
const PROMPT_PROOF_WEIGHT = 0.3;

/**
 * The words that decide, with their weights: verdicts, judgements and the score in a box; results. Few among many that
 * are copied, they are learned too slowly when every word counts alike.
 */
const DECISIONS: readonly (readonly [RegExp, number])[] = [
  [/( (?:ok|wrong|skips|\?|real|unreal|follows|fails)(?= |\n)|(?<=\\boxed\{)[0-9.]+)/, 4],
  [/((?<= = )\d+)/, 2],
];

/** `[text, weight of its tokens in the loss]`; the texts are tokenized one by one and joined. */
type Segment = readonly [string, number];

const LLAMA_CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: VOCABULARY.length,
  hidden_size: 96,
  intermediate_size: 256,
  num_hidden_layers: 4,
  num_attention_heads: 3,
  num_key_value_heads: 3,
  head_dim: 32,
  max_position_embeddings: MAX_LENGTH,
  tie_word_embeddings: false,
  initializer_range: 96 ** -0.5,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  bos_token_id: null,
  pad_token_id: VOCABULARY.indexOf('<pad>'),
  eos_token_id: VOCABULARY.indexOf('<eos>'),
  dtype: 'float32',
};

export async function loadPromptTexts(): Promise<Record<Task, string>> {
  const texts = await Promise.all(
    TASKS.map(async (task) => [
      task,
      (await readFile(path.join(import.meta.dirname, '../../../prompts/rehearsal', `${task}.md`), 'utf8')).trim(),
    ]),
  );
  return Object.fromEntries(texts) as Record<Task, string>;
}

/** The examples of a phase. Equal seeds give equal examples. */
function* examplesOf(
  { name, steps, batch, show }: Phase,
  base: BaseName,
  prompts: Readonly<Record<Task, string>>,
  seed: number,
): Generator<Segment[]> {
  const random = randomFrom(seedOf('rehearsal-base', seed, name));
  for (let index = 0; index < steps * batch; index += 1) {
    yield show === 'single operations'
      ? drill(random)
      : demonstration({ ...show, teacher: TEACHERS[base](show.teacher) }, prompts, random);
  }
}

/** Lines of nothing but arithmetic, with no claim to copy a result from: only the results count. */
function drill(random: Random): Segment[] {
  return Array.from({ length: DRILL_LINES }, (): Segment[] => {
    const { start, operations, claim } = randomChain(1, random);
    const label = labelOf(Math.floor(random() * MAX_OPERATIONS));
    return [
      [`${label} ${start} ${operations.map(textOf).join('')} =`, 0],
      [String(claim), 1],
      ['\n', 0],
    ];
  }).flat();
}

function demonstration(
  { teacher, lengths: [least, greatest], mix, trivialShare }: Exclude<Phase['show'], string>,
  prompts: Readonly<Record<Task, string>>,
  random: Random,
): Segment[] {
  const weights = Object.entries(mix) as [Task, number][];
  let left = random() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  const task = weights.find(([, weight]) => (left -= weight) < 0)?.[0] ?? 'prove';
  const chain = randomChain(least + Math.floor(random() * (greatest - least + 1)), random, trivialShare);
  const { proof, analysis, answer } = demonstrate(task, chain, teacher, random);
  const values = { problem: statementOf(chain), proof, analysis };
  const prompt = prompts[task].split(/\{\{(\w+)\}\}/).map((piece, place): Segment => {
    if (place % 2 === 0) return [piece, 0];
    return [values[piece as keyof typeof values] ?? '', piece === 'proof' ? PROMPT_PROOF_WEIGHT : 0];
  });
  return [...prompt.filter(([text]) => text !== ''), [ANSWER, 0], ...weighed(answer), ['<eos>', 1]];
}

/** The answer in pieces, each decision a piece of its own. */
function weighed(answer: string): Segment[] {
  const [[verdicts, verdictWeight], [results, resultWeight]] = DECISIONS as readonly [
    (typeof DECISIONS)[number],
    (typeof DECISIONS)[number],
  ];
  return answer
    .split(verdicts)
    .flatMap((piece, place): Segment[] =>
      place % 2 === 1
        ? [[piece, verdictWeight]]
        : piece.split(results).map((part, index): Segment => [part, index % 2 === 1 ? resultWeight : 1]),
    );
}

/** Writes the checkpoint's small files to `<folder>/base`, a corpus per phase and `plan.json`. */
export async function makeCorpora(folder: string, base: BaseName, seed: number): Promise<void> {
  await mkdir(path.join(folder, 'base'), { recursive: true });
  const files: Record<string, object> = {
    'config.json': LLAMA_CONFIG,
    'generation_config.json': {
      eos_token_id: LLAMA_CONFIG.eos_token_id,
      pad_token_id: LLAMA_CONFIG.pad_token_id,
      do_sample: true,
      temperature: 1,
      top_k: 0,
      top_p: 1,
    },
    'tokenizer.json': tokenizerJson(),
    'tokenizer_config.json': tokenizerConfigJson(),
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, 'base', name), `${JSON.stringify(content, null, 1)}\n`);
  const prompts = await loadPromptTexts();
  for (const [index, phase] of PHASES.entries()) {
    const lines = Array.from(examplesOf(phase, base, prompts, seed), (example) => JSON.stringify(example));
    await writeFile(path.join(folder, `phase-${index + 1}.jsonl`), `${lines.join('\n')}\n`);
  }
  const phases = PHASES.map(({ name, steps, batch, rate, fresh = false }, index) => ({
    name,
    file: `phase-${index + 1}.jsonl`,
    steps,
    batch,
    rate,
    fresh,
  }));
  await writeFile(path.join(folder, 'plan.json'), `${JSON.stringify({ seed, phases }, null, 1)}\n`);
}

/** @throws when it is none of them, naming them. */
export function baseNamed(name: string): BaseName {
  const base = BASES.find((known) => known === name);
  if (base === undefined) throw new Error(`Expected one of ${BASES.join(', ')}, got ${JSON.stringify(name)}`);
  return base;
}

async function main(folder?: string, name = 'rehearsal', seed = '1'): Promise<void> {
  if (folder === undefined || !/^\d+$/.test(seed))
    throw new Error(
      `Usage: node --import tsx domains/rehearsal/base/makeBase.ts <folder> [${BASES.join(' | ')}] [seed]`,
    );
  await makeCorpora(folder, baseNamed(name), Number(seed));
}

if (process.argv[1] === import.meta.filename) runScript(main);
