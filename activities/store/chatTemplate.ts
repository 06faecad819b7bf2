import type { ArtifactStore } from './types.ts';

interface Holder {
  /** A text, or texts by name. */
  readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[] | null;
}

/**
 * The chat template by which a checkpoint is asked, from wherever it stands, in the order of transformers; of several
 * the one named `default`. Undefined where there is none.
 * @param prefix of the checkpoint's files. @default they are all there is
 */
export async function chatTemplateOf(files: ArtifactStore, prefix = ''): Promise<string | undefined> {
  if ((await files.stat(`${prefix}chat_template.jinja`)) !== undefined)
    return files.readText(`${prefix}chat_template.jinja`);
  for (const name of ['tokenizer_config.json', 'chat_template.json']) {
    const { chat_template: template } = (await files.findJson<Holder>(prefix + name)) ?? {};
    if (typeof template === 'string') return template;
    if (Array.isArray(template)) return template.find((each) => each.name === 'default')?.template;
  }
  return undefined;
}
