/** Where a store lies on S3. */
export interface S3Place {
  readonly bucket: string;
  /** What every key begins with; empty, or without a slash at its end. */
  readonly prefix: string;
  /** Of a server that is not AWS's own; its buckets are then parts of the path. @default AWS's */
  readonly endpoint?: string | undefined;
}

/** What keeps no artifact: keys that a store has for itself. */
const OWN = '.flywheel/';
/** Written by whoever opens a store for writing, to see whether the server heeds conditions. */
export const PROBE = `${OWN}conditional-writes`;

/** What an artifact that grows has been given since its object was written, in parts named by where they begin. */
const APPENDED = /\.appended\/(\d{20})$/;

export const keyOf = ({ prefix }: S3Place, uri: string) => (prefix === '' ? uri : `${prefix}/${uri}`);

/** The URI of a key; undefined where it is no artifact's. */
export function uriOf({ prefix }: S3Place, key: string): string | undefined {
  const uri = prefix === '' ? key : key.slice(prefix.length + 1);
  return uri.startsWith(OWN) || uri.endsWith('/') || APPENDED.test(uri) ? undefined : uri;
}

export const addressOf = (place: S3Place, uri: string) => `s3://${place.bucket}/${keyOf(place, uri)}`;

/** Folder of an object's parts. */
export const partsOf = (key: string) => `${key}.appended/`;

/** @param offset of its first byte in the artifact. */
export const partKey = (key: string, offset: number) => `${partsOf(key)}${String(offset).padStart(20, '0')}`;

/** Where a part begins, by its key. */
export const offsetOf = (key: string) => Number(APPENDED.exec(key)?.[1]);

/** Whether a key is of a part. */
export const isPart = (key: string) => APPENDED.test(key);

export interface Part {
  readonly key: string;
  /** Of its first byte in the artifact. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The parts that continue an object, in order: each begins where the one before it ends. What begins earlier has been
 * taken into the object, or into another part, and waits to be removed.
 */
export function continuing(bytes: number, parts: readonly Part[]): Part[] {
  const taken: Part[] = [];
  let end = bytes;
  for (const part of [...parts].sort((a, b) => a.offset - b.offset)) {
    if (part.offset !== end) continue;
    taken.push(part);
    end += part.bytes;
  }
  return taken;
}
