/** What a training's memory depends on of a model; as its config.json says it. */
export interface ModelShape {
  readonly parameters: number;
  readonly hidden: number;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly intermediate: number;
  readonly vocabulary: number;
}

const shape = (
  billions: number,
  layers: number,
  hidden: number,
  kvHeads: number,
  headSize: number,
  intermediate: number,
  vocabulary: number,
): ModelShape => ({ parameters: billions * 1e9, layers, hidden, kvHeads, headSize, intermediate, vocabulary });

/** Dense models of common sizes, as their public config.json have them. */
export const USUAL_SHAPES: readonly ModelShape[] = [
  shape(0.135, 30, 576, 3, 64, 1_536, 49_152), // SmolLM2 135M
  shape(0.6, 28, 1_024, 8, 128, 3_072, 151_936), // Qwen3 0.6B
  shape(1.54, 28, 1_536, 2, 128, 8_960, 151_936), // Qwen2.5 1.5B
  shape(4.02, 36, 2_560, 8, 128, 9_728, 151_936), // Qwen3 4B
  shape(8.19, 36, 4_096, 8, 128, 12_288, 151_936), // Qwen3 8B
  shape(14.8, 40, 5_120, 8, 128, 17_408, 151_936), // Qwen3 14B
  shape(32.8, 64, 5_120, 8, 128, 25_600, 151_936), // Qwen3 32B
  shape(70.6, 80, 8_192, 8, 128, 28_672, 128_256), // Llama 3.1 70B
];

/** A model of so many parameters of which no more is known: shaped as the common one next in size. */
export function shapeOfSize(parameters: number): ModelShape {
  const apart = (one: ModelShape): number => Math.abs(Math.log(one.parameters / parameters));
  const nearest = USUAL_SHAPES.reduce((best, one) => (apart(one) < apart(best) ? one : best));
  return { ...nearest, parameters };
}

/** What a name such as `hf:Qwen/Qwen3-8B` says of its size; undefined where it says none. */
export function parametersInName(name: string): number | undefined {
  const [, number, unit] = /(?:^|[-_/ ])(\d+(?:\.\d+)?) ?([bm])(?![a-z0-9])/i.exec(name) ?? [];
  return number === undefined ? undefined : Number(number) * (unit?.toLowerCase() === 'm' ? 1e6 : 1e9);
}

/** The shape in a config.json; undefined where a number of it is not there. */
export function shapeIn(config: Readonly<Record<string, unknown>>, parameters: number): ModelShape | undefined {
  const number = (...names: readonly string[]): number | undefined =>
    names.map((name) => config[name]).find((value): value is number => typeof value === 'number' && value > 0);
  const hidden = number('hidden_size', 'n_embd');
  const layers = number('num_hidden_layers', 'n_layer');
  const heads = number('num_attention_heads', 'n_head');
  const vocabulary = number('vocab_size');
  if (hidden === undefined || layers === undefined || heads === undefined || vocabulary === undefined) return undefined;
  return {
    parameters,
    hidden,
    layers,
    kvHeads: number('num_key_value_heads') ?? heads,
    headSize: number('head_dim') ?? hidden / heads,
    intermediate: number('intermediate_size', 'n_inner') ?? 4 * hidden,
    vocabulary,
  };
}
