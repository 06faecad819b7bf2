import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { FORMATS } from '../../shared/answers.ts';
import { placeIn, prefixOf, uri, type Place } from '../../shared/ids.ts';
import type { PromptValues } from '../store/promptSet.ts';
import { tokenCounter } from '../store/tokenizer.ts';
import type { ArtifactStore } from '../store/types.ts';
import { workedExamples } from '../store/workedExamples.ts';
import type { Teaching } from './types.ts';

const NO_VALUES: PromptValues = { problem: '', proof: '', analysis: '' };

/** Where a teaching keeps what it makes, its job too. */
export const placeOf = (name: string): Place => placeIn('bases', name);

/** @throws where the prompts do not show the formats, or a prompt and its answer are longer than the base reaches. */
export async function expectFit({ base, tasks, prompts, settings }: Teaching, store: ArtifactStore): Promise<void> {
  const examples = await workedExamples();
  const config = await store.findJson<{ readonly max_position_embeddings?: number }>(`${base.uri}/config.json`);
  const { prompt } = await tokenCounter(store, prefixOf(base.uri));
  const reach = config?.max_position_embeddings ?? Infinity;
  for (const task of tasks) {
    const { maxTokens, templateKwargs } = settings(task);
    const shown = prompts.render(task, NO_VALUES).map(({ content }) => content.replaceAll(/\s+/g, ' '));
    const hidden = FORMATS[task].filter((mark) => !shown.some((text) => text.includes(mark)));
    if (hidden.length > 0)
      throw new Error(
        `Expected the prompts of ${prompts.name} to show what answers are read by, got ${task}.md without ` +
          `${hidden.map((mark) => `\`${mark}\``).join(', ')}: add it to your set, or take another (--prompts)`,
      );
    const longest = Math.max(
      ...examples[task].map(({ values }) => prompt(prompts.render(task, values), templateKwargs)),
    );
    if (longest + maxTokens > reach)
      throw new Error(
        `Expected the prompts of ${prompts.name} and their answers to fit into the ${reach} tokens that the base ` +
          `reads, got ${longest} of ${task}.md and ${maxTokens} of its answer: take a set of shorter prompts, or ` +
          `lower sampling.${task}.maxTokens`,
      );
  }
}

/**
 * Binds the name to what is taught under it, so that what was made is used again for the same alone.
 * @throws with the fields in which an earlier teaching of that name differs.
 */
export async function bind(teaching: Teaching, store: ArtifactStore): Promise<void> {
  const { name, base, tasks, prompts, problems, settings, rows, steps, learningRate } = teaching;
  const about = problems && createHash('sha256').update(JSON.stringify(problems)).digest('hex');
  const asked = { base, tasks, prompts: prompts.sha256, problems: about, rows, steps, learningRate };
  const plain = JSON.parse(JSON.stringify({ ...asked, answers: tasks.map(settings) })) as Record<string, unknown>;
  const at = uri.teaching(placeOf(name));
  const bound = await store.findJson<Record<string, unknown>>(at);
  if (bound === undefined) await store.writeJson(at, plain);
  const differing = Object.keys({ ...bound, ...plain }).filter(
    (field) => bound !== undefined && !isDeepStrictEqual(bound[field], plain[field]),
  );
  if (differing.length > 0)
    throw new Error(
      `Expected ${name} to be the teaching that it was before, got another ${differing.join(', ')}: give this one a ` +
        'name of its own with --as',
    );
}
