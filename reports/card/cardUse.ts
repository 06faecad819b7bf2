import { FORMATS } from '../../shared/answers.ts';
import { selfTask } from '../../shared/lap/heldOutOrders.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { Task } from '../../shared/records.ts';
import { whole } from '../pages/format.ts';
import type { CardFacts, ExportedRole } from './cardFacts.ts';
import { code, table } from './markdown.ts';

/** What a model is asked in its role. */
const TASKS: Readonly<Record<ExportedRole, (recipe: Recipe) => readonly Task[]>> = {
  generator: (recipe) => ['prove', selfTask(recipe), 'refine'],
  verifier: ({ metaVerification }) => ['verify', ...(metaVerification ? (['metaVerify'] as const) : [])],
  metaVerifier: () => ['metaVerify'],
};

/** A name by which servers may know it. */
export const servedName = ({ manifest: { lap }, role }: Pick<CardFacts, 'manifest' | 'role'>): string =>
  `${lap.replaceAll('/', '-')}-${role}`;

/** The prompts that a model expects, and how its chat template writes them. */
export function promptLines({ manifest: { prompts, recipe }, role, about, template }: CardFacts): string[] {
  const rows = TASKS[role](recipe).map((task) => {
    const { temperature, topP, maxTokens } = recipe.sampling[task];
    const sizes = [String(temperature), String(topP), whole(maxTokens)];
    return [task, code(`prompts/${task}.md`), ...sizes, FORMATS[task].map(code).join(' ')];
  });
  return [
    '## Prompts',
    '',
    `It was trained on the prompt set ${code(prompts.name)} (${code(prompts.sha256)}), whose texts lie in`,
    '`prompts/`, and knows no other. `{{problem}}` and the like stand for the texts, `{{quote proof}}` for one between',
    'marks that it cannot close. White space at the ends of a file is dropped; `system.md`, where there is one, is a',
    'system message before it. Answers are read by the phrases.',
    '',
    ...table(['task', 'prompt', 'T', 'top p', 'tokens', 'phrases'], rows),
    '',
    `Chat template: ${template === undefined ? 'none' : `in ${code(template)}`}. ` +
      `An answer ends at ${about.stops.map(code).join(', ') || 'nothing that a file names'}. ` +
      `Thinking: ${about.thinking}.`,
    '',
    ...(about.asked === undefined
      ? []
      : ['A question is written so:', '', '```text', about.asked.replaceAll('```', '` ` `'), '```', '']),
  ];
}

/** How it is loaded and served. */
export function useLines(facts: CardFacts): string[] {
  return [
    '## Use',
    '',
    '```python',
    'from transformers import AutoModelForCausalLM, AutoTokenizer',
    '',
    'tokenizer = AutoTokenizer.from_pretrained("FOLDER")',
    'model = AutoModelForCausalLM.from_pretrained("FOLDER")',
    '```',
    '',
    '```sh',
    '# An OpenAI-compatible API, by vLLM (not tried with this model):',
    `vllm serve FOLDER --served-model-name ${servedName(facts)}`,
    '# Into an installation of proof-flywheel, as the base (domain.base) or the verifier (verifier) of laps:',
    'npx flywheel import base FOLDER',
    '```',
    '',
    'proof-flywheel renders the prompts and reads the answers, and serves a model of its store itself.',
    '',
  ];
}
