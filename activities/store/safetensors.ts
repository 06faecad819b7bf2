import type { ArtifactStore } from './types.ts';

/** Bytes of a header at most, as the format's own library has it. */
const MOST_HEADER = 100_000_000;
/** Bits of a number, of the types that weights have; sizes of others are believed. */
const BITS: Readonly<Record<string, number>> = { F64: 64, F32: 32, F16: 16, BF16: 16, F8_E4M3: 8, F8_E5M2: 8, I8: 8 };

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/**
 * Names of the tensors in a safetensors file that is whole, by its header and its size: of 16 GB some kilobytes are
 * read. Damage within the numbers is not seen.
 * @throws with the reason where the file is cut off, or is something else.
 */
export async function tensorsIn(files: ArtifactStore, name: string): Promise<string[]> {
  const { tensors, bytes, size } = await headerIn(files, name);
  let end = 0;
  for (const [tensor, { dtype, shape, data_offsets: at }] of tensors.sort(byPlace)) {
    const bits = BITS[dtype];
    const numbers = shape.reduce((product, each) => product * each, 1);
    if (at[0] !== end || at[1] < end || (bits !== undefined && (numbers * bits) / 8 !== at[1] - at[0]))
      throw new Error(`has a header that contradicts itself at ${tensor}`);
    [, end] = at;
  }
  if (bytes < 8 + size + end) throw new Error(`is cut off: it has ${bytes} bytes of ${8 + size + end}`);
  if (bytes > 8 + size + end) throw new Error(`has ${bytes - 8 - size - end} bytes more than its header speaks of`);
  return tensors.map(([tensor]) => tensor);
}

/** How many numbers its tensors hold. @throws where its header cannot be read. */
export async function numbersIn(files: ArtifactStore, name: string): Promise<number> {
  const { tensors } = await headerIn(files, name);
  return tensors.reduce((sum, [, { shape }]) => sum + shape.reduce((product, each) => product * each, 1), 0);
}

/** Its tensors, with the bytes that file and header have. */
async function headerIn(files: ArtifactStore, name: string) {
  const bytes = (await files.stat(name))?.bytes ?? 0;
  if (bytes < 8) throw new Error(`has ${bytes} bytes`);
  const size = Number((await files.readBytes(name, { from: 0, to: 8 })).readBigUInt64LE());
  if (size > MOST_HEADER) throw new Error('does not begin with the header of a safetensors file');
  if (bytes < 8 + size) throw new Error(`is cut off within its header: it has ${bytes} bytes`);
  const header = headerOf((await files.readBytes(name, { from: 8, to: 8 + size })).toString('utf8'));
  const tensors = Object.entries(header).filter(([tensor]) => tensor !== '__metadata__');
  return { tensors, bytes, size };
}

function headerOf(text: string): Readonly<Record<string, Tensor>> {
  const header: unknown = parsed(text);
  const isTensor = (value: Partial<Tensor> | null) =>
    typeof value?.dtype === 'string' && isNumbers(value.shape) && isNumbers(value.data_offsets);
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw new Error('has no readable header');
  for (const [name, value] of Object.entries(header))
    if (name !== '__metadata__' && !isTensor(value as Partial<Tensor> | null))
      throw new Error('has no readable header');
  return header as Readonly<Record<string, Tensor>>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0);
}

function byPlace([, left]: [string, Tensor], [, right]: [string, Tensor]): number {
  return left.data_offsets[0] - right.data_offsets[0] || left.data_offsets[1] - right.data_offsets[1];
}
