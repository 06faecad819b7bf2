import * as z from 'zod';
import { uri } from '../../shared/ids.ts';
import { modelKey } from '../../shared/records.ts';
import { ensureLocal, type LocalEngineSettings } from './localEngine.ts';
import { engineSetting } from './settings.ts';
import type { ServingEngine } from './types.ts';

const words = z
  .array(z.string())
  .min(1)
  .refine((each) => each.some((word) => word.includes('{port}')), 'expected {port} in one of the words')
  .refine((each) => each.some((word) => word.includes('{checkpoint}')), 'expected {checkpoint} in one of the words');

export interface CommandSettings extends LocalEngineSettings {
  /**
   * A JSON list of words with `{checkpoint}` (folder), `{port}` and, optionally, `{model}` (the name to serve it
   * under), such as `["vllm","serve","{checkpoint}","--served-model-name","{model}","--port","{port}"]`. The program
   * must answer `GET /health`.
   */
  readonly command: string | undefined;
}

/** A local process for each checkpoint: vllm, llama-server. */
export function command({ command: text, startMs = 900_000, ...local }: CommandSettings): ServingEngine {
  return {
    name: 'command',
    ensure: ensureLocal(local, async (model) => {
      const template = engineSetting(
        'command',
        'FLYWHEEL_SERVE_COMMAND',
        text,
        words,
        '["vllm","serve","{checkpoint}","--port","{port}","--served-model-name","{model}"]',
      );
      const checkpoint = await local.store.local(uri.checkpoint(model));
      const fill = (word: string, port: number) =>
        word.replaceAll('{checkpoint}', checkpoint).replaceAll('{port}', String(port)).replaceAll('{model}', model);
      return { name: nameOf(model), command: (port) => template.map((word) => fill(word, port)), startMs };
    }),
    release: async (model) => {
      await local.servers.stop({ names: [nameOf(modelKey(model))] });
    },
  };
}

function nameOf(model: string): string {
  return `command-${model.slice(0, 16)}`;
}
