import type { BaseFacts } from '../../shared/lap/facts.ts';
import { shapeIn } from '../../shared/training/modelShape.ts';
import type { CheckpointFolder } from '../imports/bases.ts';
import { checkpointDigestIn } from '../store/checkpoints.ts';
import { numbersIn } from '../store/safetensors.ts';

interface Config extends Readonly<Record<string, unknown>> {
  readonly max_position_embeddings?: unknown;
  readonly n_positions?: unknown;
  readonly text_config?: Config;
}

/** Bytes of weights that a digest is reckoned of at once. Ours: a second's work. */
const SMALL = 64 * 2 ** 20;

/** What the files of a checkpoint say of it; no weight is read. */
export async function baseFacts({ files, prefix, sha256 }: CheckpointFolder): Promise<BaseFacts> {
  const config = (await files.findJson<Config>(`${prefix}config.json`)) ?? {};
  const { text_config: text = config } = config;
  const [context] = [text.max_position_embeddings, text.n_positions].filter((each) => typeof each === 'number');
  let [bytes, parameters, others] = [0, 0, 0];
  for await (const name of files.list(prefix)) {
    const size = (await files.stat(name))?.bytes ?? 0;
    bytes += size;
    if (name.endsWith('.safetensors')) parameters += await numbersIn(files, name).catch(() => size / 4);
    else if (/\.(bin|pt|pth)$/.test(name)) others += size / 4; // of unknown width: as float32 it is the fewest
  }
  const digest = sha256 ?? (bytes <= SMALL ? await checkpointDigestIn(files, prefix) : undefined);
  const count = Math.round(parameters > 0 ? parameters : others);
  const shape = shapeIn(text, count);
  return {
    ...(digest !== undefined && { sha256: digest }),
    parameters: count,
    bytes,
    ...(context !== undefined && { context }),
    ...(shape && { shape }),
  };
}
